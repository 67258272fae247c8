"""Scores of building damage maps (MaRS specification, section 5.4: BRIGHT, DFC25 track 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmrs.evaluation.change import foreground_scores
from mmrs.evaluation.confusion import IGNORE, class_f1, class_iou, confusion_matrix, overall_accuracy
from mmrs.evaluation.samples import check_results, name_of, pair_of
from mmrs.registry import METRICS

CLASSES = ('background', 'intact', 'damaged', 'destroyed')


def damage_scores(matrix: np.ndarray, classes: Sequence[str] = CLASSES) -> dict[str, float]:
    """Scores of a damage map; class 0 is the background, all others are states of buildings.

    Args:
        matrix: (classes, classes) counts, true class by row.
        classes: Names of the classes.

    Returns:
        From 0 to 1: overall accuracy ``OA``, ``IoU_<class>`` and their mean ``mIoU`` over the classes that occur;
        ``F1_localisation`` of buildings against background; ``F1_<class>`` of each state over the pixels of true
        buildings alone, where a building taken for background counts as missed and background taken for a building
        does not count; ``F1_harmonic``, the harmonic mean of the last, 0 if one of them is 0, NaN if a state never
        occurs.
    """
    iou = class_iou(matrix)
    buildings = np.array([[matrix[0, 0], matrix[0, 1:].sum()], [matrix[1:, 0].sum(), matrix[1:, 1:].sum()]])
    inside = matrix.copy()
    inside[0] = 0
    states = class_f1(inside)[1:]
    return {
        'OA': overall_accuracy(matrix),
        'mIoU': float(np.nanmean(iou)) if matrix.any() else float('nan'),
        **{f'IoU_{name}': float(value) for name, value in zip(classes, iou, strict=True)},
        'F1_localisation': foreground_scores(buildings)['F1'],
        **{f'F1_{name}': float(value) for name, value in zip(classes[1:], states, strict=True)},
        'F1_harmonic': _harmonic_mean(states),
    }


def _harmonic_mean(values: np.ndarray) -> float:
    if np.isnan(values).any():
        return float('nan')
    return float(len(values) / np.sum(1 / values)) if values.all() else 0.0


@METRICS.register_module()
class DamageMetric(BaseMetric):
    """:func:`damage_scores` over the pooled pixels of all images. Reads ``pred_sem_seg`` and ``gt_sem_seg``.

    Args:
        classes: Names of the classes, background first.
        ignore_index: Value of the target that is left out.
        **kwargs: ``collect_device``, ``prefix`` and ``collect_dir`` of mmengine.
    """

    default_prefix = 'damage'

    def __init__(self, classes: Sequence[str] = CLASSES, ignore_index: int = IGNORE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes, self.ignore_index = tuple(classes), ignore_index

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Counts the pixels of each image of a batch."""
        for sample in data_samples:
            found, true = pair_of(sample, 'pred_sem_seg', 'gt_sem_seg')
            matrix = confusion_matrix(found, true, len(self.classes), self.ignore_index, name_of(sample))
            self.results.append(matrix)

    def compute_metrics(self, results: Sequence[np.ndarray]) -> dict[str, float]:
        """Scores of all pixels.

        Raises:
            DataError: There was no image.
        """
        check_results(results, 'DamageMetric')
        return damage_scores(np.sum(results, axis=0), self.classes)
