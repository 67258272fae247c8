"""mmcv's differentiable rotated IoU gives exact values and gradients with our vertex order."""

from __future__ import annotations

import pytest
import torch
from ops.boxes import exact_iou_aligned, rectangles, scattered
from torch import Tensor

from mmrs.ops import operators_in_use
from mmrs.ops.rotated import sort_vertices

needs_stand_in = pytest.mark.skipif(operators_in_use() != 'mmrs', reason='mmcv has its own compiled operators here')


def differentiable_iou(first: Tensor, second: Tensor) -> Tensor:
    from mmcv.ops import diff_iou_rotated_2d

    return diff_iou_rotated_2d(first[None], second[None])[0]


def ring(*corners: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Vertices (1, 1, 24, 2) around their mean, and which of them are valid."""
    vertices, mask = torch.zeros(1, 1, 24, 2), torch.zeros(1, 1, 24, dtype=torch.bool)
    vertices[0, 0, : len(corners)] = torch.tensor(corners)
    mask[0, 0, : len(corners)] = True
    return vertices, mask


def test_counter_clockwise_from_the_x_axis_closed_and_padded():
    vertices, mask = ring((-1.0, 1), (1, -1), (1, 1), (-1, -1))
    order = sort_vertices(vertices, mask, mask.sum(-1).int())
    assert order.dtype == torch.int32
    assert order[0, 0].tolist() == [2, 0, 3, 1, 2, 8, 8, 8, 8]


def test_repeated_vertices_are_taken_once():
    vertices, mask = ring((1.0, 1), (-1, 1), (-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1), (1, -1))
    assert sort_vertices(vertices, mask, mask.sum(-1).int())[0, 0].tolist() == [0, 1, 2, 3, 0, 8, 8, 8, 8]


def test_fewer_than_three_vertices_are_no_polygon():
    vertices, mask = ring((1.0, 0), (-1, 0))
    mask[0, 0, 8] = True
    vertices[0, 0, 8] = vertices[0, 0, 0]
    assert sort_vertices(vertices, mask, mask.sum(-1).int())[0, 0].tolist() == [9] * 9
    assert sort_vertices(vertices[:, :0], mask[:, :0], mask[:, :0].sum(-1)).shape == (1, 0, 9)


def test_more_than_eight_vertices_lose_those_in_line():
    corners = [(3.0, 1), (1, 3), (-1, 3), (-3, 1), (-3, -1), (-1, -3), (1, -3), (3, -1)]
    between = [((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in zip(corners, corners[1:], strict=False)]
    vertices, mask = ring(*corners, *between)
    order = sort_vertices(vertices, mask, mask.sum(-1).int())[0, 0].tolist()
    assert order == [0, 1, 2, 3, 4, 5, 6, 7, 0]


@needs_stand_in
def test_values_are_exact():
    first, second = scattered(200, 1, side=60), scattered(200, 2, side=60)
    expected = exact_iou_aligned(rectangles(first), rectangles(second))
    torch.testing.assert_close(differentiable_iou(first, second).double(), expected, rtol=0, atol=1e-4)


@needs_stand_in
def test_identical_boxes():
    # In float32, mmcv's own test of which corners lie inside misses some of identical boxes, whatever the order.
    boxes = scattered(100).double()
    expected = torch.ones(100, dtype=torch.float64)
    torch.testing.assert_close(differentiable_iou(boxes, boxes), expected, rtol=0, atol=1e-6)


@needs_stand_in
def test_gradients_are_those_of_finite_differences():
    first, second = scattered(30, 1, side=40).double().requires_grad_(), scattered(30, 2, side=40).double()
    differentiable_iou(first, second).sum().backward()
    with torch.no_grad():
        for column in range(5):
            step = torch.zeros(5, dtype=torch.float64)
            step[column] = 1e-6
            slope = (differentiable_iou(first + step, second) - differentiable_iou(first - step, second)) / 2e-6
            torch.testing.assert_close(first.grad[:, column], slope, rtol=1e-3, atol=1e-5)
