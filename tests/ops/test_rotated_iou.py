"""Rotated IoU equals exact geometry, near-duplicates and degenerate boxes included."""

from __future__ import annotations

import math

import hypothesis
import pytest
import torch
from hypothesis import strategies
from ops.boxes import exact_iou, exact_iou_aligned, rectangles, scattered
from torch import Tensor

from mmrs.ops.rotated import box_iou_rotated

# Of the fixtures, IoU over own area of small boxes is float32 in the reference.
TOLERANCE = dict(rtol=0, atol=1e-5)


def overlap(first: Tensor, second: Tensor, mode: int = 0, aligned: bool = False, dtype=torch.float32) -> Tensor:
    out = torch.full((len(first),) if aligned else (len(first), len(second)), math.nan, dtype=dtype)
    box_iou_rotated(first, second, out, mode_flag=mode, aligned=aligned)
    return out


def counter_clockwise(boxes: Tensor) -> Tensor:
    return boxes * torch.tensor([1, 1, 1, 1, -1])


def test_matches_exact_geometry_of_fixture(reference):
    arrays = reference('box_iou_rotated')
    ious = overlap(arrays['boxes1'], arrays['boxes2'], dtype=torch.float64)
    torch.testing.assert_close(ious, arrays['exact_iou_cw1'], rtol=0, atol=1e-7)


@pytest.mark.parametrize('mode', ['iou', 'iof'])
@pytest.mark.parametrize('clockwise', [0, 1])
def test_matches_compiled_operator_on_ordinary_boxes(reference, mode, clockwise):
    arrays = reference('box_iou_rotated')
    turn = (lambda boxes: boxes) if clockwise else counter_clockwise
    flag = int(mode == 'iof')
    ious = overlap(turn(arrays['boxes1']), turn(arrays['boxes2']), flag)
    torch.testing.assert_close(ious, arrays[f'out_{mode}_cw{clockwise}'], **TOLERANCE)
    aligned = overlap(turn(arrays['al1']), turn(arrays['al2']), flag, aligned=True)
    torch.testing.assert_close(aligned, arrays[f'aligned_{mode}_cw{clockwise}'], **TOLERANCE)


def test_matches_exact_geometry_where_the_compiled_operator_fails(reference):
    arrays = reference('box_iou_rotated_degenerate')
    assert arrays['wrong'].any()
    ious = overlap(arrays['boxes'], arrays['boxes'], dtype=torch.float64)
    torch.testing.assert_close(ious, arrays['exact'], rtol=0, atol=1e-6)


@pytest.mark.parametrize('jitter', [0.0, 1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
def test_near_duplicates(jitter):
    boxes = scattered(300).double()
    moved = boxes + jitter * (2 * torch.rand(boxes.shape, dtype=torch.float64) - 1)
    turned = torch.cat([moved[:100], moved[100:200] + torch.tensor([0, 0, 0, 0, math.pi]), moved[200:]])
    turned[200:] = turned[200:, [0, 1, 3, 2, 4]] + torch.tensor([0, 0, 0, 0, math.pi / 2])
    exact = exact_iou_aligned(rectangles(boxes), rectangles(turned))
    torch.testing.assert_close(overlap(boxes, turned, aligned=True, dtype=torch.float64), exact, rtol=0, atol=1e-6)


def test_symmetric_and_one_with_itself():
    boxes = scattered(120)
    ious = overlap(boxes, boxes, dtype=torch.float64)
    torch.testing.assert_close(ious, ious.T, rtol=0, atol=1e-8)
    torch.testing.assert_close(ious.diagonal(), torch.ones(120, dtype=torch.float64), rtol=0, atol=1e-8)
    assert (overlap(boxes, boxes).diagonal() == 1).all()


def test_known_answers():
    box = torch.tensor([[50.0, 50, 20, 10, 0]])
    others = torch.tensor(
        [
            [50.0, 50, 20, 10, 0],  # the same
            [60.0, 50, 20, 10, 0],  # half of it
            [70.0, 50, 20, 10, 0],  # touching
            [50.0, 50, 10, 20, 0],  # across
            [50.0, 50, 2, 1, 0.7],  # inside
            [90.0, 90, 20, 10, 0],  # apart
        ]
    )
    expected = torch.tensor([[1, 1 / 3, 0, 1 / 3, 0.01, 0]])
    torch.testing.assert_close(overlap(box, others), expected, rtol=0, atol=1e-7)
    torch.testing.assert_close(overlap(others, box, mode=1)[4], torch.ones(1), rtol=0, atol=1e-7)


@pytest.mark.parametrize('value', [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize('column', range(5))
def test_boxes_that_are_not_finite_overlap_nothing(value, column):
    boxes = scattered(20, side=40)
    broken = boxes.clone()
    broken[3, column] = value
    ious = overlap(broken, boxes)
    assert ious.isfinite().all() and (ious[3] == 0).all()
    rest = torch.arange(20) != 3
    torch.testing.assert_close(ious[rest], overlap(boxes, boxes)[rest])


def test_boxes_without_area_overlap_nothing():
    flat = torch.tensor([[50.0, 50, 0, 10, 0.3], [50, 50, 10, 0, 0.3], [50, 50, 0, 0, 0], [50, 50, -4, 4, 0]])
    boxes = torch.cat([flat, torch.tensor([[50.0, 50, 20, 10, 0.3]])])
    for mode in (0, 1):
        assert (overlap(boxes, boxes, mode)[:4, :4].flatten()[:-1] == 0).all()
        assert (overlap(boxes, boxes, mode)[:3, 4] == 0).all()
        assert (overlap(boxes[:3], boxes[:3], mode, aligned=True) == 0).all()


@pytest.mark.parametrize('shape', [(0, 3), (3, 0), (0, 0)])
def test_empty_sets(shape):
    rows, columns = shape
    assert overlap(torch.zeros(rows, 5), torch.zeros(columns, 5)).shape == shape


def test_half_precision_in_and_out():
    boxes = scattered(30).half()
    ious = overlap(boxes, boxes, dtype=torch.float16)
    torch.testing.assert_close(ious.double(), overlap(boxes, boxes, dtype=torch.float64), rtol=0, atol=1e-3)


extent = strategies.floats(0.5, 200, width=32)
box = strategies.tuples(
    strategies.floats(0, 200, width=32),
    strategies.floats(0, 200, width=32),
    extent,
    extent,
    strategies.floats(-7, 7, width=32),
)


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
@hypothesis.given(
    strategies.lists(box, min_size=1, max_size=6), strategies.floats(0, 1e-2), strategies.randoms(use_true_random=False)
)
def test_any_boxes_and_their_neighbours(boxes, jitter, random):
    first = torch.tensor(boxes, dtype=torch.float64)
    noise = [[random.uniform(-1, 1) for _ in range(5)] for _ in boxes]
    second = torch.cat([first, first + jitter * torch.tensor(noise, dtype=torch.float64)])
    second[:, 2:4].clamp_(min=0.1)
    exact = exact_iou(rectangles(first), rectangles(second))
    torch.testing.assert_close(overlap(first, second, dtype=torch.float64), exact, rtol=0, atol=1e-6)
