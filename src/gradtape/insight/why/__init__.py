"""Why a gradient is None, zero or not finite: the reason, its line, and what to do."""

from gradtape.insight.why.asking import reasons, why
from gradtape.insight.why.reason import CODES, Reason

__all__ = ["CODES", "Reason", "reasons", "why"]
