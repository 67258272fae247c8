"""Damage scores against counting by masks, and against numbers worked out by hand."""

import numpy as np
import pytest
import torch

from mmrs.errors import DataError
from mmrs.evaluation.confusion import confusion_matrix
from mmrs.evaluation.damage import CLASSES, damage_scores
from mmrs.registry import METRICS


def f1(found, true):
    """F1 of two masks, without a confusion matrix."""
    precision, recall = (found & true).sum() / found.sum(), (found & true).sum() / true.sum()
    return 2 * precision * recall / (precision + recall)


def counted(found, true):
    """The definition of the specification, class by class."""
    found, true = found[true != 255], true[true != 255]
    scores = {'OA': (found == true).mean(), 'F1_localisation': f1(found > 0, true > 0)}
    buildings = true > 0
    for index, name in enumerate(CLASSES):
        ours, theirs = found == index, true == index
        scores[f'IoU_{name}'] = (ours & theirs).sum() / (ours | theirs).sum()
        if index:
            scores[f'F1_{name}'] = f1(ours[buildings], theirs[buildings])
    scores['mIoU'] = np.mean([scores[f'IoU_{name}'] for name in CLASSES])
    scores['F1_harmonic'] = 3 / sum(1 / scores[f'F1_{name}'] for name in CLASSES[1:])
    return scores


def test_pooled_over_images():
    true = np.random.choice([0, 1, 2, 3, 255], (3, 16, 16), p=[0.5, 0.2, 0.1, 0.1, 0.1])
    found = np.where(np.random.rand(*true.shape) < 0.6, true % 255, np.random.randint(0, 4, true.shape))
    metric = METRICS.build({'type': 'mmrs.DamageMetric'})
    pairs = zip(found, true, strict=True)
    images = [{'pred_sem_seg': torch.tensor(ours), 'gt_sem_seg': torch.tensor(theirs)} for ours, theirs in pairs]
    metric.process({}, images[:2])
    metric.process({}, images[2:])
    scores = metric.evaluate(3)
    expected = {f'damage/{name}': value for name, value in counted(found, true).items()}
    assert scores == pytest.approx(expected, rel=1e-12)


def test_damage_is_scored_inside_true_buildings():
    true = np.array([0, 0, 1, 1, 2, 2, 3, 255])
    found = np.array([0, 1, 1, 0, 2, 1, 3, 2])
    scores = damage_scores(confusion_matrix(found, true, 4))
    assert scores['F1_intact'] == pytest.approx(
        1 / 2
    )  # 1 hit, 1 missed, 1 false inside; the one outside is not counted
    assert scores['F1_damaged'] == pytest.approx(2 / 3)
    assert scores['F1_destroyed'] == 1
    assert scores['F1_harmonic'] == pytest.approx(3 / (2 + 3 / 2 + 1))
    assert scores['F1_localisation'] == pytest.approx(8 / 10)
    assert scores['OA'] == pytest.approx(4 / 7)
    assert scores['mIoU'] == pytest.approx((1 / 3 + 1 / 4 + 1 / 2 + 1) / 4)


def test_a_state_that_is_never_found_or_never_there():
    assert damage_scores(confusion_matrix(np.array([1, 2, 1]), np.array([1, 2, 3]), 4))['F1_harmonic'] == 0
    absent = damage_scores(confusion_matrix(np.array([0, 1, 2]), np.array([0, 1, 2]), 4))
    assert np.isnan(absent['F1_destroyed']) and np.isnan(absent['F1_harmonic']) and absent['mIoU'] == 1


def test_bad_input():
    metric = METRICS.build({'type': 'mmrs.DamageMetric'})
    with pytest.raises(DataError, match=r'b.tif: found values \[4\]; expected 0 to 3'):
        metric.process({}, [{'pred_sem_seg': np.array([4]), 'gt_sem_seg': np.array([0]), 'img_path': 'b.tif'}])
    with pytest.raises(DataError, match='no samples'):
        metric.evaluate(0)
