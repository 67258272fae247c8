"""The segmentation scores that configs name, by their definitions: loops over sets of pixels, no confusion matrix."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmseg.evaluation.metrics import IoUMetric

from mmrs.evaluation import ChangeMetric

CLASSES = ('water', 'trees', 'road', 'ship')  # no ship: neither true nor found
Image = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope='module')
def images() -> list[Image]:
    random = np.random.default_rng(3)
    pairs = []
    for height, width in ((9, 7), (12, 5), (6, 6)):  # pooled over images, not averaged
        true = random.integers(0, 3, (height, width))
        found = np.where(random.random(true.shape) < 0.6, true, random.integers(0, 3, true.shape))
        true[0] = 255
        pairs.append((found, true))
    return pairs


def samples(images: list[Image]) -> list[dict]:
    return [
        {'pred_sem_seg': {'data': torch.as_tensor(found)[None]}, 'gt_sem_seg': {'data': torch.as_tensor(true)[None]}}
        for found, true in images
    ]


def counts(images: list[Image], label: int) -> tuple[int, int, int]:
    """Hits, false alarms and misses of one class, over the known pixels of all images, one pixel after the other."""
    hits = false = missed = 0
    for found, true in images:
        for one, other in zip(found.ravel(), true.ravel(), strict=True):
            if other != 255:
                hits += one == label and other == label
                false += one == label and other != label
                missed += one != label and other == label
    return hits, false, missed


def test_iou_accuracy_and_f1_of_mmsegmentation(images: list[Image]) -> None:
    metric = IoUMetric(iou_metrics=['mIoU', 'mFscore'])
    metric.dataset_meta = {'classes': CLASSES}
    metric.process({}, samples(images))
    scores = metric.evaluate(len(images))
    per_class = [counts(images, label) for label in range(3)]
    known = sum((true != 255).sum() for _, true in images)
    expected = {
        'aAcc': sum(hits for hits, _, _ in per_class) / known,
        'mIoU': np.mean([hits / (hits + false + missed) for hits, false, missed in per_class]),
        'mAcc': np.mean([hits / (hits + missed) for hits, _, missed in per_class]),
        'mFscore': np.mean([2 * hits / (2 * hits + false + missed) for hits, false, missed in per_class]),
        'mPrecision': np.mean([hits / (hits + false) for hits, false, _ in per_class]),
        'mRecall': np.mean([hits / (hits + missed) for hits, _, missed in per_class]),
    }
    for name, value in expected.items():
        # The host rounds to two digits of a percent. Classes that occur nowhere have no part in means.
        assert scores[name] == pytest.approx(100 * value, abs=0.0051), name


@pytest.mark.parametrize('label', [0, 1, 2])
def test_scores_of_one_class(images: list[Image], label: int) -> None:
    metric = ChangeMetric(class_index=label)
    metric.process({}, samples(images))
    hits, false, missed = counts(images, label)
    known = sum((true != 255).sum() for _, true in images)
    assert metric.evaluate(len(images)) == pytest.approx(
        {
            'change/precision': hits / (hits + false),
            'change/recall': hits / (hits + missed),
            'change/F1': 2 * hits / (2 * hits + false + missed),
            'change/IoU': hits / (hits + false + missed),
            'change/OA': (known - false - missed) / known,
        }
    )


def test_unchanged_pairs_count_against_change_only_by_false_alarms(images: list[Image]) -> None:
    """The background has no score of its own: an F1 over both classes would be near 1 for saying "nothing"."""
    still = [(np.zeros((50, 50), int), np.zeros((50, 50), int))]
    before, after = ChangeMetric(), ChangeMetric()
    before.process({}, samples(images))
    after.process({}, samples(images + still))
    one, other = before.evaluate(3), after.evaluate(4)
    assert one['change/F1'] == other['change/F1'] and one['change/OA'] < other['change/OA']
