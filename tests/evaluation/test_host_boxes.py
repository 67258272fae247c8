"""COCO's AP as mmdetection reports it, against pycocotools alone and against the definition."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.evaluation.metrics import CocoMetric
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

CLASSES = ('tank', 'ship', 'plane')
SIDE = 400
Scored = list[tuple[int, int, np.ndarray, float]]  # image, class, x y width height, score


@pytest.fixture(scope='module')
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list, Scored]:
    """Annotations on disk, the true boxes, and found ones: moved, doubled, missing, of another class, invented."""
    random = np.random.default_rng(5)
    true, found = [], []
    for image in range(4):
        for _ in range(8):
            label = int(random.integers(0, 2))  # no plane is true
            box = np.concatenate([random.uniform(0, 300, 2), random.uniform(12, 90, 2)]).round(2)
            true.append((image, label, box))
            for _ in range(int(random.integers(0, 3))):
                moved = box + random.normal(0, 0.08, 4) * box[[2, 3, 2, 3]]
                other = int(random.random() < 0.15)
                found.append((image, (label + other) % 3, moved.round(2), float(random.random())))
        found.append((image, 2, np.array([10.0, 10, 50, 50]), float(random.random())))
    path = tmp_path_factory.mktemp('boxes') / 'annotations.json'
    annotations = [
        dict(id=i + 1, image_id=image, category_id=label + 1, bbox=box.tolist(), area=float(box[2] * box[3]), iscrowd=0)
        for i, (image, label, box) in enumerate(true)
    ]
    images = [dict(id=i, file_name=f'{i}.png', width=SIDE, height=SIDE) for i in range(4)]
    categories = [dict(id=i + 1, name=name) for i, name in enumerate(CLASSES)]
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    return path, true, found


@pytest.fixture(scope='module')
def reported(scene: tuple[Path, list, Scored]) -> dict[str, float]:
    path, _, found = scene
    metric = CocoMetric(ann_file=str(path), metric='bbox')
    metric.dataset_meta = {'classes': CLASSES}
    for image in range(4):
        mine = [item for item in found if item[0] == image]
        boxes = np.array([box for _, _, box, _ in mine])
        boxes[:, 2:] += boxes[:, :2]
        prediction = dict(
            bboxes=torch.as_tensor(boxes),
            scores=torch.tensor([score for *_, score in mine], dtype=torch.float64),
            labels=torch.tensor([label for _, label, _, _ in mine]),
        )
        metric.process({}, [dict(img_id=image, ori_shape=(SIDE, SIDE), pred_instances=prediction)])
    return metric.evaluate(4)


def test_it_is_that_of_pycocotools(scene: tuple[Path, list, Scored], reported: dict[str, float]) -> None:
    path, _, found = scene
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(path))
        results = truth.loadRes(
            [dict(image_id=i, category_id=label + 1, bbox=box.tolist(), score=s) for i, label, box, s in found]
        )
        evaluation = COCOeval(truth, results, 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    names = ('mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l')
    for name, value in zip(names, evaluation.stats[:6], strict=True):
        assert reported[f'coco/bbox_{name}'] == pytest.approx(value, abs=6e-4), name  # rounded to three digits


def test_it_is_the_area_of_the_definition(scene: tuple[Path, list, Scored], reported: dict[str, float]) -> None:
    _, true, found = scene
    thresholds = np.arange(0.5, 0.96, 0.05)
    # Classes without a true box have no part in the mean.
    each = [[average_precision(true, found, label, iou) for label in (0, 1)] for iou in thresholds]
    assert reported['coco/bbox_mAP'] == pytest.approx(np.mean(each), abs=6e-4)
    assert reported['coco/bbox_mAP_50'] == pytest.approx(np.mean(each[0]), abs=6e-4)
    assert 0.2 < reported['coco/bbox_mAP'] < 0.9, 'a case that tells right from wrong'


def average_precision(true: list, found: Scored, label: int, threshold: float) -> float:
    """Greedy matching by falling score, then precision at 101 recalls, each the best at that recall or beyond."""
    free = [(image, box) for image, kind, box in true if kind == label]
    total, hits, curve = len(free), 0, []
    mine = sorted((item for item in found if item[1] == label), key=lambda item: -item[3])
    for rank, (image, _, box, _) in enumerate(mine, 1):
        ious = [iou(box, other) if where == image else 0.0 for where, other in free]
        best = int(np.argmax(ious)) if ious else -1
        if ious and ious[best] >= threshold:
            free.pop(best)  # the best of those that are left, as COCO has it
            hits += 1
        curve.append((hits / total, hits / rank))
    recalls = np.linspace(0, 1, 101)
    return float(np.mean([max((p for r, p in curve if r >= recall - 1e-12), default=0.0) for recall in recalls]))


def iou(first: np.ndarray, second: np.ndarray) -> float:
    low = np.maximum(first[:2], second[:2])
    high = np.minimum(first[:2] + first[2:], second[:2] + second[2:])
    common = np.prod(np.clip(high - low, 0, None))
    return float(common / (first[2] * first[3] + second[2] * second[3] - common))
