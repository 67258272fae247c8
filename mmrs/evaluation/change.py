"""Scores of one class against the rest: change (MaRS specification, section 5.8) and roads (5.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmrs.evaluation.confusion import IGNORE, confusion_matrix, overall_accuracy, ratio
from mmrs.evaluation.samples import check_results, name_of, pair_of
from mmrs.registry import METRICS


def foreground_scores(matrix: np.ndarray) -> dict[str, float]:
    """Scores of class 1 of two.

    Args:
        matrix: (2, 2) counts, true class by row.

    Returns:
        ``precision``, ``recall``, ``F1`` and ``IoU`` of class 1, and the overall accuracy ``OA``, from 0 to 1. NaN
        where nothing is there to divide by: precision without a predicted pixel, recall without a true one, F1 and IoU
        without either.
    """
    (_, false), (missed, hits) = matrix
    return {
        'precision': ratio(hits, hits + false),
        'recall': ratio(hits, hits + missed),
        'F1': ratio(2 * hits, 2 * hits + false + missed),
        'IoU': ratio(hits, hits + false + missed),
        'OA': overall_accuracy(matrix),
    }


@METRICS.register_module()
class ChangeMetric(BaseMetric):
    """Precision, recall, F1 and IoU of one class, and overall accuracy, over the pooled pixels of all images.

    mmsegmentation's ``IoUMetric`` returns means over classes, background included, rounded to two digits of a percent;
    a checkpoint cannot be chosen by the IoU of change with it. Reads ``pred_sem_seg`` and ``gt_sem_seg``.

    Args:
        class_index: The class in question; all others are its background.
        ignore_index: Value of the target that is left out.
        **kwargs: ``collect_device``, ``prefix`` (such as ``'road'``) and ``collect_dir`` of mmengine.
    """

    default_prefix = 'change'

    def __init__(self, class_index: int = 1, ignore_index: int = IGNORE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.class_index, self.ignore_index = class_index, ignore_index

    def process(self, data_batch: Any, data_samples: Sequence[Mapping[str, Any]]) -> None:
        """Counts the pixels of each image of a batch."""
        for sample in data_samples:
            found, true = pair_of(sample, 'pred_sem_seg', 'gt_sem_seg')
            known = true != self.ignore_index
            labels = np.where(known, true == self.class_index, IGNORE)
            self.results.append(confusion_matrix(found == self.class_index, labels, 2, IGNORE, name_of(sample)))

    def compute_metrics(self, results: Sequence[np.ndarray]) -> dict[str, float]:
        """Scores of all pixels.

        Raises:
            DataError: There was no image.
        """
        check_results(results, 'ChangeMetric')
        return foreground_scores(np.sum(results, axis=0))
