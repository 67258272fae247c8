"""DOTA's AP as mmrotate reports it, against exact polygons and the definition."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import starmap

import numpy as np
import pytest
import torch
from mmrotate.evaluation.functional import mean_ap
from mmrotate.evaluation.metrics import DOTAMetric
from ops.boxes import exact_iou, rectangles

CLASSES = ('ship', 'plane', 'harbor')  # no harbor is true
Image = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


@pytest.fixture(scope='module')
def images() -> list[Image]:
    """Boxes and labels, then found boxes, labels and scores: turned, moved, doubled, missing and invented."""
    random = np.random.default_rng(7)
    out = []
    for number in (7, 5, 0, 9):
        true = np.stack(
            [
                *random.uniform(40, 260, (2, number)),
                *random.uniform(15, 70, (2, number)),
                random.uniform(-1.5, 1.5, number),
            ],
            1,
        )
        labels = random.integers(0, 2, number)
        copies = random.integers(0, 3, number)
        found = np.repeat(true, copies, 0)
        found += random.normal(0, 1, found.shape) * [4, 4, 4, 4, 0.08]
        kinds = np.repeat(labels, copies)
        kinds[random.random(len(kinds)) < 0.15] = 2
        invented = np.array([[150, 150, 40, 20, 0.3]])
        found, kinds = np.concatenate([found, invented]), np.append(kinds, int(random.integers(0, 2)))
        out.append(tuple(map(torch.as_tensor, (true, labels, found, kinds, random.random(len(found))))))
    return out


class _Serial:
    """A pool without processes: the host starts four for a few boxes."""

    def starmap(self, function: Callable, arguments: Iterator) -> list:
        return list(starmap(function, arguments))

    def close(self) -> None:
        pass


def report(images: list[Image], monkeypatch: pytest.MonkeyPatch, **options: object) -> dict[str, float]:
    context = type('Context', (), {'Pool': lambda self, number: _Serial()})()
    monkeypatch.setattr(mean_ap, 'get_context', lambda kind: context)
    metric = DOTAMetric(**options)
    metric.dataset_meta = {'classes': CLASSES}
    for index, (true, labels, found, kinds, scores) in enumerate(images):
        nothing = dict(bboxes=torch.zeros(0, 5), labels=torch.zeros(0, dtype=torch.int64))
        metric.process({}, [dict(
            img_id=f'P{index}', gt_instances=dict(bboxes=true, labels=labels), ignored_instances=nothing,
            pred_instances=dict(bboxes=found, labels=kinds, scores=scores),
        )])  # fmt: skip
    with contextlib.redirect_stdout(None):
        return metric.evaluate(len(images))


@pytest.mark.parametrize('mode', ['11points', 'area'])
def test_it_is_that_of_exact_polygons(images: list[Image], mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    thresholds = [0.5, 0.75]
    found = report(images, monkeypatch, eval_mode=mode, iou_thrs=thresholds)
    expected = [np.mean([average_precision(images, label, t, mode) for label in (0, 1)]) for t in thresholds]
    assert found['dota/AP50'] == pytest.approx(expected[0], abs=6e-4)  # rounded to three digits
    assert found['dota/AP75'] == pytest.approx(expected[1], abs=6e-4)
    assert found['dota/mAP'] == pytest.approx(np.mean(expected), abs=1e-5)
    assert 0.3 < expected[0] < 0.95 and expected[1] < expected[0] - 0.1, 'a case that tells right from wrong'


def average_precision(images: list[Image], label: int, threshold: float, mode: str) -> float:
    """AP of one class (VOC's): a box counts if the true box that it overlaps most is free and close enough."""
    ranked, total = [], 0
    for true, labels, found, kinds, scores in images:
        mine, chosen = true[labels == label], kinds == label
        total += len(mine)
        ious = exact_iou(rectangles(found[chosen]), rectangles(mine)).numpy()
        taken = set()
        for place in np.argsort(-scores[chosen].numpy()):
            best = int(ious[place].argmax()) if len(mine) else -1
            hit = len(mine) > 0 and ious[place, best] >= threshold and best not in taken
            taken |= {best} if hit else set()
            ranked.append((float(scores[chosen][place]), hit))
    hits = np.cumsum([hit for _, hit in sorted(ranked, reverse=True)])
    recall, precision = hits / total, hits / np.arange(1, len(hits) + 1)
    if mode == '11points':
        return float(np.mean([precision[recall >= t].max(initial=0) for t in np.arange(0, 1.01, 0.1)]))
    steps = np.diff(recall, prepend=0)  # the envelope's area: precision at each hit is the best from there on
    return float(sum(step * precision[place:].max() for place, step in enumerate(steps) if step))


def test_a_turned_copy_of_a_box_is_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rectangle turned by 90 degrees with its sides exchanged is the same rectangle: nothing is lost by it."""
    true = torch.tensor([[50.0, 60, 40, 12, 0.4], [150, 160, 30, 22, -1.2]])
    same = true[:, [0, 1, 3, 2, 4]] - torch.tensor([0, 0, 0, 0, np.pi / 2])
    image = (true, torch.tensor([0, 1]), same.float(), torch.tensor([0, 1]), torch.tensor([0.9, 0.8]))
    assert report([image], monkeypatch, iou_thrs=[0.9])['dota/mAP'] == pytest.approx(1.0)
