"""Scores of one class against those of mmsegmentation."""

import numpy as np
import pytest
import torch
from mmseg.evaluation.metrics import IoUMetric

from mmrs.errors import DataError
from mmrs.evaluation import ChangeMetric
from mmrs.evaluation.change import foreground_scores
from mmrs.registry import METRICS


def samples(number=3):
    for _ in range(number):
        found, true = torch.randint(0, 2, (2, 1, 9, 8))
        true[:, 0] = 255
        yield {'pred_sem_seg': {'data': found}, 'gt_sem_seg': {'data': true}}


@pytest.mark.parametrize('class_index', [0, 1])
def test_pooled_scores_of_one_class_are_those_of_mmsegmentation(class_index):
    images = list(samples())
    metric = METRICS.build({'type': 'mmrs.ChangeMetric', 'class_index': class_index})
    metric.process({}, images)
    found = metric.evaluate(len(images))
    host = IoUMetric(iou_metrics=['mIoU', 'mFscore'])
    host.dataset_meta = {'classes': ('same', 'changed')}
    host.process({}, images)
    areas = (sum(part) for part in zip(*host.results, strict=True))
    theirs = host.total_area_to_metrics(*areas, metrics=host.metrics)
    names = {'precision': 'Precision', 'recall': 'Recall', 'F1': 'Fscore', 'IoU': 'IoU'}
    for ours, name in names.items():
        assert found[f'change/{ours}'] == pytest.approx(float(theirs[name][class_index]), rel=1e-6)
    assert found['change/OA'] == pytest.approx(float(theirs['aAcc']), rel=1e-6)


def test_other_classes_are_background():
    element = {'pred_sem_seg': np.array([[0, 2, 3]]), 'gt_sem_seg': np.array([[2, 2, 0]])}
    metric = ChangeMetric(class_index=2, prefix='road')
    metric.process({}, [element])
    expected = {'road/precision': 1, 'road/recall': 0.5, 'road/F1': 2 / 3, 'road/IoU': 0.5, 'road/OA': 2 / 3}
    assert metric.evaluate(1) == pytest.approx(expected)


def test_an_image_without_labels_counts_nothing():
    metric = ChangeMetric()
    metric.process({}, [{'pred_sem_seg': torch.ones(2, 2), 'gt_sem_seg': torch.full((2, 2), 255)}])
    assert not metric.results[0].any()


def test_nothing_to_divide_by():
    scores = foreground_scores(np.array([[5, 0], [2, 0]]))
    assert np.isnan(scores.pop('precision'))
    assert scores == {'recall': 0, 'F1': 0, 'IoU': 0, 'OA': 5 / 7}


def test_bad_input():
    with pytest.raises(DataError, match='shape'):
        ChangeMetric().process({}, [{'pred_sem_seg': torch.ones(2, 2), 'gt_sem_seg': torch.ones(2, 3)}])
    with pytest.raises(DataError, match='no samples'):
        ChangeMetric().evaluate(0)
