"""Confusion matrices, and the scores that are read from them."""

from __future__ import annotations

import numpy as np

from mmrs.errors import DataError
from mmrs.evaluation.samples import check_shapes

IGNORE = 255


def confusion_matrix(
    prediction: np.ndarray, target: np.ndarray, classes: int, ignore_index: int = IGNORE, name: str = 'prediction'
) -> np.ndarray:
    """Counts pixels by true and predicted class.

    Args:
        prediction: Class indices, any shape.
        target: True class indices of the same shape; ``ignore_index`` where unknown.
        classes: Number of classes.
        ignore_index: Value of ``target`` that is left out, whatever was predicted there.
        name: Subject of error messages.

    Returns:
        (classes, classes) int64, true class by row and predicted class by column.

    Raises:
        DataError: Shapes differ, there are no values, or a value is no class.
    """
    prediction, target = np.asarray(prediction), np.asarray(target)
    check_shapes(prediction, target, name)
    known = target != ignore_index
    found, true = (_indices(part[known], classes, ignore_index, name) for part in (prediction, target))
    return np.bincount(true * classes + found, minlength=classes**2).reshape(classes, classes)


def _indices(values: np.ndarray, classes: int, ignore_index: int, name: str) -> np.ndarray:
    with np.errstate(invalid='ignore'):  # NaN becomes some integer, and is refused because it differs
        whole = values.astype(np.int64)
    wrong = values[(whole != values) | (whole < 0) | (whole >= classes)]
    if wrong.size:
        some = ', '.join(f'{value:g}' for value in np.unique(wrong)[:5])
        expected = f'0 to {classes - 1}, or {ignore_index} for "ignore" in the target'
        raise DataError(name, f'values [{some}]', expected, 'Check the class list of the data set and of the head.')
    return whole


def overall_accuracy(matrix: np.ndarray) -> float:
    """Share of pixels with the right class; NaN where there are none."""
    return ratio(np.trace(matrix), matrix.sum())


def class_iou(matrix: np.ndarray) -> np.ndarray:
    """Intersection over union of each class, (classes,); NaN for a class that is neither true nor predicted."""
    hits = np.diag(matrix)
    union = matrix.sum(0) + matrix.sum(1) - hits
    return np.array([ratio(hit, total) for hit, total in zip(hits, union, strict=True)])


def class_f1(matrix: np.ndarray) -> np.ndarray:
    """F1 of each class, (classes,); NaN for a class that is neither true nor predicted."""
    both = matrix.sum(0) + matrix.sum(1)
    return np.array([ratio(2 * hit, total) for hit, total in zip(np.diag(matrix), both, strict=True)])


def ratio(part: float, whole: float) -> float:
    """``part / whole``; NaN, without a warning, where ``whole`` is zero."""
    return float(part) / float(whole) if whole else float('nan')
