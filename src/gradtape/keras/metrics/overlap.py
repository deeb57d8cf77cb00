"""Intersection over union of predicted and true regions."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradtape.keras.engine.arrays import as_tensor, is_traced
from gradtape.keras.metrics.base import Metric, ratio, values


class IoU(Metric):
    """Mean over `target_class_ids` of |A and B| / |A or B|; classes never seen are left out."""

    def __init__(
        self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None, sparse_y_true=True,
        sparse_y_pred=True, axis=-1,
    ):  # fmt: skip
        super().__init__(name, dtype)
        if max(target_class_ids, default=0) >= num_classes:
            raise ValueError(
                f"Target class id {max(target_class_ids)} is out of range, which is [0, {num_classes})."
            )
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred
        self.total_cm = self.add_weight(
            "total_confusion_matrix", shape=(num_classes, num_classes), initializer="zeros"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        truth, found = values(y_true), values(y_pred)
        truth = truth if self.sparse_y_true else np.argmax(truth, self.axis)
        found = found if self.sparse_y_pred else np.argmax(found, self.axis)
        truth, found = truth.reshape(-1).astype(np.int64), found.reshape(-1).astype(np.int64)
        if is_traced(truth) or is_traced(found):
            self._add(self.total_cm, self._traced_counts(truth, found, sample_weight))
            return
        weight = np.ones(truth.shape, np.float32)
        if sample_weight is not None:
            weight = np.broadcast_to(
                values(sample_weight).astype(np.float32).reshape(-1), truth.shape
            )
        if self.ignore_class is not None:
            kept = truth != self.ignore_class
            truth, found, weight = truth[kept], found[kept], weight[kept]
        matrix = np.zeros((self.num_classes, self.num_classes), np.float32)
        np.add.at(matrix, (truth, found), weight)
        self._add(self.total_cm, matrix)

    def _traced_counts(self, truth: Any, found: Any, sample_weight: Any) -> Any:
        """The same by equality with each class."""
        classes = np.arange(self.num_classes)
        rows = (truth[:, None] == classes).astype(np.float32)
        columns = (found[:, None] == classes).astype(np.float32)
        if sample_weight is not None:
            rows = rows * values(sample_weight).astype(np.float32).reshape(-1)[:, None]
        if self.ignore_class is not None:
            rows = rows * (truth != self.ignore_class).astype(np.float32)[:, None]
        return np.matmul(rows.transpose(), columns)

    def _traced_result(self, matrix: Any) -> Any:
        hits = (matrix * np.eye(self.num_classes, dtype=matrix.dtype)).sum(0)
        union = matrix.sum(0) + matrix.sum(1) - hits
        wanted = np.zeros(self.num_classes, matrix.dtype)
        wanted[self.target_class_ids] = 1
        seen = np.sum((union != 0).astype(np.float32) * wanted)
        return self._tensor(ratio(np.sum(ratio(hits, union) * wanted), seen))

    def result(self) -> Any:
        matrix = self.total_cm._value
        if is_traced(matrix):
            return self._traced_result(matrix)
        hits = np.diagonal(matrix)
        union = matrix.sum(0) + matrix.sum(1) - hits
        hits, union = hits[self.target_class_ids], union[self.target_class_ids]
        seen = np.sum(union != 0)
        return self._tensor(ratio(ratio(hits, union).sum(dtype=np.float32), np.float32(seen)))

    def get_config(self) -> dict[str, Any]:
        own = {
            "num_classes": self.num_classes, "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class, "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred, "axis": self.axis,
        }  # fmt: skip
        return {**super().get_config(), **own}


class MeanIoU(IoU):
    """`IoU` over all classes."""

    def __init__(
        self,
        num_classes,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_true=True,
        sparse_y_pred=True,
        axis=-1,
    ):
        super().__init__(
            num_classes,
            range(num_classes),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["target_class_ids"]
        return config


class BinaryIoU(IoU):
    """`IoU` of the classes 0 and 1, a prediction of at least `threshold` being 1."""

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None, dtype=None):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        found = (values(y_pred) >= self.threshold).astype(np.int64)
        super().update_state(y_true, as_tensor(found), sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {
            **Metric.get_config(self),
            "target_class_ids": self.target_class_ids,
            "threshold": self.threshold,
        }


class OneHotIoU(IoU):
    """`IoU` of one-hot labels."""

    def __init__(
        self,
        num_classes,
        target_class_ids,
        name=None,
        dtype=None,
        ignore_class=None,
        sparse_y_pred=False,
        axis=-1,
    ):
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot labels."""

    def __init__(
        self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1
    ):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
