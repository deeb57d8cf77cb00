"""What happened during training: a recorder of every step, time travel, plots, flags, TensorBoard's files."""

from gradtape.insight.training.flags import Thresholds
from gradtape.insight.training.recorder import TrainingRecorder
from gradtape.insight.training.statistics import Summary
from gradtape.insight.training.step import Change, Changes, Flag, Step, WeightStatistics
from gradtape.insight.training.surface import loss_surface

__all__ = [
    "Change", "Changes", "Flag", "Step", "Summary", "Thresholds", "TrainingRecorder", "WeightStatistics",
    "loss_surface",
]  # fmt: skip
