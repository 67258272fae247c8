"""The classification scores that configs name, by their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmpretrain.evaluation import Accuracy, AveragePrecision, MultiLabelMetric
from mmpretrain.structures import DataSample

NUMBER, CLASSES = 40, 6


def test_top_k_accuracy_counts_labels_among_the_best_scores() -> None:
    scores, labels = torch.rand(NUMBER, CLASSES), torch.randint(0, CLASSES, (NUMBER,))
    metric = Accuracy(topk=(1, 5))
    samples = [DataSample().set_pred_score(s).set_gt_label(int(g)) for s, g in zip(scores, labels, strict=True)]
    metric.process({}, [sample.to_dict() for sample in samples])
    found = metric.evaluate(NUMBER)
    for k in (1, 5):
        right = 0
        for row, label in zip(scores.tolist(), labels.tolist(), strict=True):
            right += sum(value > row[label] for value in row) < k
        assert found[f'accuracy/top{k}'] == pytest.approx(100 * right / NUMBER)


@pytest.fixture(scope='module')
def several() -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels, several an image; one class better separated than the others, scores all different."""
    random = np.random.default_rng(0)
    labels = random.random((NUMBER, CLASSES)) < 0.3
    labels[:, 0] = np.arange(NUMBER) % 2
    scores = random.random((NUMBER, CLASSES)) * 0.7 + 0.3 * labels * random.random((NUMBER, CLASSES))
    assert np.unique(scores).size == scores.size and labels.any(0).all()
    return scores, labels


def fill(metric: AveragePrecision | MultiLabelMetric, scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    samples = [
        DataSample(num_classes=CLASSES).set_pred_score(torch.as_tensor(row)).set_gt_label(np.flatnonzero(true))
        for row, true in zip(scores, labels, strict=True)
    ]
    metric.process({}, [sample.to_dict() for sample in samples])
    return metric.evaluate(NUMBER)


def test_mean_average_precision_of_several_labels(several: tuple[np.ndarray, np.ndarray]) -> None:
    """AP of a class: for each image that has it, the share of right ones among those scored as high; their mean."""
    scores, labels = several
    precisions = []
    for column, true in zip(scores.T, labels.T, strict=True):
        precisions.append(np.mean([true[column >= column[image]].mean() for image in np.flatnonzero(true)]))
    found = fill(AveragePrecision(), scores, labels)
    assert found['multi-label/mAP'] == pytest.approx(100 * np.mean(precisions), abs=1e-3)


def test_precision_recall_and_f1_of_several_labels(several: tuple[np.ndarray, np.ndarray]) -> None:
    """At the host's default threshold of 0.5, means over classes."""
    scores, labels = several
    expected = []
    for column, true in zip(scores.T, labels.T, strict=True):
        chosen = column >= 0.5
        hits = (chosen & true).sum()
        precision, recall = hits / max(chosen.sum(), 1), hits / true.sum()
        expected.append((precision, recall, 2 * precision * recall / max(precision + recall, 1e-12)))
    found = fill(MultiLabelMetric(average='macro'), scores, labels)
    for name, value in zip(('precision', 'recall', 'f1-score'), np.mean(expected, 0), strict=True):
        assert found[f'multi-label/{name}'] == pytest.approx(100 * value, abs=1e-3), name
