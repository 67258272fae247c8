"""Rotated and quadrilateral suppression keep what the plain greedy algorithm keeps."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import torch
from ops.boxes import exact_iou, greedy_keep, rectangles, scattered
from torch import Tensor

import mmrs.ops.greedy
from mmrs.ops.greedy import nms_quadri, nms_rotated


def suppress(boxes: Tensor, scores: Tensor, threshold: float, labels: Tensor | None = None) -> Tensor:
    """Calls the operator as mmcv's wrapper does."""
    order = scores.sort(0, descending=True).indices
    if labels is None:
        return nms_rotated(boxes, scores, order, boxes[order], scores.new_empty(0, dtype=torch.int), threshold, False)
    dets = torch.cat([boxes, labels.unsqueeze(1)], 1)
    return nms_rotated(dets, scores, order, dets[order], labels, threshold, True)


def suppress_quads(quads: Tensor, scores: Tensor, threshold: float, labels: Tensor | None = None) -> Tensor:
    dets = quads if labels is None else torch.cat([quads, labels.unsqueeze(1)], 1)
    order = scores.sort(0, descending=True).indices
    return nms_quadri(dets, scores, order, dets[order], threshold, labels is not None)


@pytest.mark.parametrize('tenths', [1, 3, 5])
def test_matches_compiled_operator(reference, tenths):
    arrays = reference('nms_rotated')
    boxes, scores = arrays['boxes'], arrays['scores']
    assert suppress(boxes, scores, tenths / 10).equal(arrays[f'keep_{tenths}'])
    flipped = boxes * torch.tensor([1, 1, 1, 1, -1])
    assert suppress(flipped, scores, tenths / 10).equal(arrays[f'keep_{tenths}_ccw'])


@pytest.mark.parametrize('tenths', [1, 3, 5])
def test_labels_equal_one_class_at_a_time(reference, tenths):
    arrays = reference('nms_rotated')
    kept = suppress(arrays['boxes'], arrays['scores'], tenths / 10, arrays['labels'])
    assert kept.equal(arrays[f'perclass_keep_{tenths}'])


@pytest.mark.parametrize('block', [1, 7, 64, 1024])
@pytest.mark.parametrize('threshold', [0.05, 0.3, 0.7])
@pytest.mark.parametrize('classes', [None, 3])
def test_equals_plain_greedy_for_any_block(monkeypatch, block, threshold, classes):
    monkeypatch.setattr(mmrs.ops.greedy, '_BLOCK', block)
    boxes = scattered(150, side=150)
    scores = torch.rand(150)
    labels = None if classes is None else torch.randint(classes, (150,))
    order = scores.argsort(descending=True)
    ious = exact_iou(rectangles(boxes[order]), rectangles(boxes[order]))
    expected = order[greedy_keep(ious, threshold, None if labels is None else labels[order])]
    assert suppress(boxes, scores, threshold, labels).equal(expected)


def test_duplicates_are_suppressed_whatever_their_form():
    box = torch.tensor([50.0, 50, 20, 10, 0.3])
    copies = box.repeat(5, 1)
    copies[1, 4] += torch.pi
    copies[2] = torch.tensor([50.0, 50, 10, 20, 0.3 - torch.pi / 2])
    copies[3] += 1e-5
    copies[4, 4] -= 2 * torch.pi
    assert suppress(copies, torch.tensor([0.1, 0.5, 0.3, 0.9, 0.2]), 0.9).tolist() == [3]


def test_threshold_itself_suppresses():
    boxes = torch.tensor([[10.0, 10, 20, 10, 0], [10, 10, 10, 10, 0]])
    assert suppress(boxes, torch.tensor([0.9, 0.8]), 0.5).tolist() == [0]
    assert suppress(boxes, torch.tensor([0.9, 0.8]), 0.51).tolist() == [0, 1]


def test_a_suppressed_box_suppresses_nothing():
    chain = torch.tensor([[10.0 + 4 * step, 10, 20, 10, 0] for step in range(5)])
    assert suppress(chain, torch.arange(5, 0, -1).float(), 0.5).tolist() == [0, 2, 4]


def test_empty_and_broken_boxes():
    assert suppress(torch.zeros(0, 5), torch.zeros(0), 0.5).tolist() == []
    boxes = torch.tensor([[10.0, 10, 5, 5, 0], [torch.nan, 10, 5, 5, 0], [10, 10, 0, 5, 0], [10, 10, 5, 5, 0]])
    assert suppress(boxes, torch.tensor([0.9, 0.8, 0.7, 0.6]), 0.5).tolist() == [0, 1, 2]


@pytest.mark.parametrize('tenths', [1, 5])
def test_quadrilaterals_follow_exact_geometry(reference, tenths):
    arrays = reference('nms_quadri')
    order = arrays['scores'].argsort(descending=True)
    polygons = shapely.polygons(arrays['q'].double().numpy().reshape(-1, 4, 2))[order.numpy()]
    expected = order[greedy_keep(exact_iou(polygons, polygons), tenths / 10)]
    assert suppress_quads(arrays['q'], arrays['scores'], tenths / 10).equal(expected)
    if tenths == 5:
        # At 0.1 the compiled operator's IoU is off by up to 0.4 on these shapes.
        assert expected.equal(arrays['keep_5'])


def test_quadrilaterals_of_other_labels_stay():
    quads = torch.from_numpy(
        np.stack([shapely.get_coordinates(p)[:4].ravel() for p in rectangles(scattered(40, side=60))])
    )
    scores, labels = torch.rand(40, dtype=torch.float64), torch.randint(3, (40,))
    kept = suppress_quads(quads, scores, 0.2, labels)
    every = [torch.nonzero(labels == label).view(-1) for label in range(3)]
    alone = torch.cat([members[suppress_quads(quads[members], scores[members], 0.2)] for members in every])
    assert kept.equal(alone[scores[alone].argsort(descending=True)])
