"""Axis-aligned overlaps and suppressions match the compiled operators."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mmrs.ops.horizontal import bbox_overlaps, nms, nms_match, softnms

METHODS = {'naive': 0, 'linear': 1, 'gaussian': 2}


def overlaps(first: Tensor, second: Tensor, mode: int = 0, aligned: bool = False, offset: int = 0) -> Tensor:
    out = torch.empty(len(first)) if aligned else torch.empty(len(first), len(second))
    bbox_overlaps(first, second, out, mode=mode, aligned=aligned, offset=offset)
    return out


def soften(boxes: Tensor, scores: Tensor, method: str, threshold: float = 0.3, floor: float = 1e-3):
    dets = boxes.new_full((len(boxes), 5), -1)
    kept = softnms(boxes, scores, dets, threshold, sigma=0.5, min_score=floor, method=METHODS[method], offset=0)
    return dets[: len(kept)], kept


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('tenths', [3, 5, 7])
def test_nms(reference, tenths, offset):
    arrays = reference('nms')
    kept = nms(arrays['boxes'], arrays['scores'], iou_threshold=tenths / 10, offset=offset)
    assert kept.equal(arrays[f'keep_{tenths}_off{offset}'])


def test_nms_keeps_at_the_threshold_and_takes_any_precision():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 5, 10], [30, 30, 40, 40]])
    scores = torch.tensor([0.9, 0.8, 0.95])
    assert nms(boxes, scores, 0.5, 0).tolist() == [2, 0, 1]
    assert nms(boxes, scores, 0.49, 0).tolist() == [2, 0]
    assert nms(boxes.bfloat16(), scores.bfloat16(), 0.49, 0).tolist() == [2, 0]
    assert nms(boxes[:0], scores[:0], 0.5, 1).tolist() == []


@pytest.mark.parametrize('method', METHODS)
def test_soft_nms(reference, method):
    arrays = reference('soft_nms')
    dets, kept = soften(arrays['boxes'], arrays['scores'], method)
    assert kept.equal(arrays[f'{method}_inds'])
    torch.testing.assert_close(dets, arrays[f'{method}_dets'], rtol=1e-6, atol=1e-6)


def test_soft_nms_drops_below_the_floor_and_leaves_its_input():
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [20, 20, 20, 20]])
    scores = torch.tensor([0.9, 0.8, 0.7, 0.0005])
    dets, kept = soften(boxes, scores, 'linear', floor=0.1)
    assert kept.tolist() == [0, 2] and dets[:, 4].tolist() == pytest.approx([0.9, 0.7])
    assert scores.tolist() == pytest.approx([0.9, 0.8, 0.7, 0.0005])
    assert soften(boxes[:0], scores[:0], 'gaussian')[1].tolist() == []


def test_nms_match(reference):
    arrays = reference('nms_match')
    groups = nms_match(arrays['dets'], iou_threshold=0.5)
    assert [len(group) for group in groups] == arrays['lens'].tolist()
    assert sum(groups, []) == arrays['groups'].tolist()


def test_bbox_overlaps(reference):
    arrays = reference('bbox_overlaps')
    a, b = arrays['a'], arrays['b']
    torch.testing.assert_close(overlaps(a, b), arrays['iou'])
    torch.testing.assert_close(overlaps(a, b, mode=1), arrays['iof'])
    torch.testing.assert_close(overlaps(a, b, offset=1), arrays['iou_off1'])
    torch.testing.assert_close(overlaps(a[:50], b, aligned=True), arrays['iou'][:50].diagonal())


def test_bbox_overlaps_of_empty_boxes_is_zero():
    point = torch.tensor([[5.0, 5, 5, 5]])
    for mode in (0, 1):
        assert overlaps(point, point, mode).item() == 0
    assert overlaps(point[:0], point).shape == (0, 1)
