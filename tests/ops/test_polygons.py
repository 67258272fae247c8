"""Quadrilaterals and point sets match exact geometry, convex or not."""

from __future__ import annotations

import hypothesis
import numpy as np
import pytest
import shapely
import torch
from hypothesis import strategies
from ops.boxes import exact_iou, rectangles, scattered
from torch import Tensor

from mmrs.ops.pointsets import convex_giou, convex_iou, min_area_polygons
from mmrs.ops.polygons import convex_hull, convex_intersection, signed_area
from mmrs.ops.quadri import box_iou_quadri, points_in_polygons

CONCAVE = [0.0, 0, 10, 0, 3, 3, 0, 10]


def overlap(first: Tensor, second: Tensor, mode: int = 0, aligned: bool = False) -> Tensor:
    out = torch.full((len(first),) if aligned else (len(first), len(second)), torch.nan, dtype=torch.float64)
    box_iou_quadri(first, second, out, mode_flag=mode, aligned=aligned)
    return out


def giou(points: Tensor, quads: Tensor) -> tuple[Tensor, Tensor]:
    out = points.new_zeros(len(points), 19)
    convex_giou(points, quads, out)
    return out[:, 18], out[:, :18]


def shapes(coordinates: Tensor) -> np.ndarray:
    return shapely.polygons(coordinates.double().numpy().reshape(len(coordinates), -1, 2))


def hulls(coordinates: Tensor) -> np.ndarray:
    return shapely.convex_hull(shapely.multipoints(coordinates.double().numpy().reshape(len(coordinates), -1, 2)))


def quads_of(boxes: Tensor) -> Tensor:
    return torch.from_numpy(np.stack([shapely.get_coordinates(shape)[:4].ravel() for shape in rectangles(boxes)]))


def test_quadrilaterals_of_fixture(reference):
    arrays = reference('box_iou_quadri')
    torch.testing.assert_close(overlap(arrays['qa'], arrays['qb']), arrays['exact_iou'], rtol=0, atol=1e-6)
    # The compiled operator takes quadrilaterals for parallelograms, so the rest is held to exact geometry as well.
    one, other = shapes(arrays['qa']), shapes(arrays['qb'])
    share = shapely.area(shapely.intersection(one[:, None], other)) / shapely.area(one)[:, None]
    torch.testing.assert_close(overlap(arrays['qa'], arrays['qb'], 1), torch.from_numpy(share), rtol=0, atol=1e-6)
    aligned = overlap(arrays['qa'][:70], arrays['qb'], aligned=True)
    torch.testing.assert_close(aligned, arrays['exact_iou'][:70].diagonal(), rtol=0, atol=1e-6)


@pytest.mark.parametrize('jitter', [0.0, 1e-7, 1e-5, 1e-3, 1e-1])
def test_quadrilaterals_near_duplicates_in_any_corner_order(jitter):
    first = quads_of(scattered(60, side=100))
    second = (first + jitter * torch.randn(first.shape, dtype=torch.float64)).view(-1, 4, 2).roll(1, 1)
    second[::2] = second[::2].flip(1)
    second = second.flatten(1)
    expected = exact_iou(shapes(first), shapes(second))
    torch.testing.assert_close(overlap(first, second), expected, rtol=0, atol=1e-6)


def test_quadrilaterals_that_are_not_convex():
    generator = torch.Generator().manual_seed(3)
    quads = 30 * torch.rand(400, 8, generator=generator, dtype=torch.float64)
    simple = quads[torch.from_numpy(shapely.is_valid(shapes(quads)))]
    convex = torch.from_numpy(shapely.area(hulls(simple)) - shapely.area(shapes(simple)) < 1e-9)
    assert (~convex).sum() > 20
    torch.testing.assert_close(overlap(simple, simple), exact_iou(shapes(simple), shapes(simple)), rtol=0, atol=1e-6)


def test_corners_in_crossing_order_are_put_in_order():
    square = torch.tensor([[0.0, 0, 10, 0, 10, 10, 0, 10]])
    for order in ([0, 2, 1, 3], [0, 1, 3, 2], [2, 0, 1, 3]):
        tangled = square.view(1, 4, 2)[:, order].flatten(1)
        assert overlap(tangled, square).item() == pytest.approx(1)


def test_degenerate_quadrilaterals():
    line, nothing = [0.0, 0, 10, 0, 20, 0, 5, 0], [3.0] * 8
    broken, square = [0, 0, torch.nan, 0, 1, 1, 0, 1], [0.0, 0, 10, 0, 10, 10, 0, 10]
    quads = torch.tensor([line, nothing, broken, square])
    ious = overlap(quads, quads)
    assert ious[3, 3].item() == pytest.approx(1)
    assert ious.sum().item() == pytest.approx(1)
    assert overlap(quads[:0], quads).shape == (0, 4) and overlap(quads, quads[:0]).shape == (4, 0)


def test_convex_iou_of_fixture(reference):
    arrays = reference('convex_iou_exact')
    ious = torch.empty(60, 40)
    convex_iou(arrays['pointsets'], arrays['polygons'], ious)
    torch.testing.assert_close(ious.double(), arrays['iou'], rtol=0, atol=1e-6)


def test_convex_giou_of_fixture(reference):
    arrays = reference('convex_giou_exact')
    value, _ = giou(arrays['pointsets'], arrays['polygons'])
    torch.testing.assert_close(value.double(), arrays['giou'], rtol=0, atol=1e-6)


def test_convex_giou_gradient_is_that_of_finite_differences():
    points = torch.cat([40 * torch.rand(6, 18), 40 * torch.rand(6, 18) + 60]).double()
    quads = quads_of(scattered(12, side=40))
    _, gradient = giou(points, quads)
    step = 1e-6
    for coordinate in range(18):
        ahead, behind = points.clone(), points.clone()
        ahead[:, coordinate] += step
        behind[:, coordinate] -= step
        slope = (giou(ahead, quads)[0] - giou(behind, quads)[0]) / (2 * step)
        torch.testing.assert_close(gradient[:, coordinate], slope, rtol=1e-5, atol=1e-7)


def test_convex_giou_of_degenerate_sets_is_finite():
    square = torch.tensor([[0.0, 0, 10, 0, 10, 10, 0, 10]]).repeat(4, 1)
    corners = square[:, [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]]
    corners[1], corners[2] = 5.0, torch.arange(9.0).repeat_interleave(2)
    corners[3] = torch.nan
    value, gradient = giou(corners, square)
    assert value[0].item() == pytest.approx(1, abs=1e-6)
    assert value.isfinite().all() and gradient.isfinite().all()


def test_smallest_rectangles_of_fixture(reference):
    arrays = reference('min_area_polygons_exact')
    found = torch.empty(60, 8, dtype=torch.float64)
    min_area_polygons(arrays['pointsets'], found)
    torch.testing.assert_close(signed_area(found.view(-1, 4, 2)).abs(), arrays['area'], rtol=1e-6, atol=0)
    around = shapely.buffer(shapes(found), 1e-6)
    assert shapely.contains(around, hulls(arrays['pointsets'])).all()
    sides = found.view(-1, 4, 2) - found.view(-1, 4, 2).roll(1, 1)
    assert (sides * sides.roll(1, 1)).sum(-1).abs().max() < 1e-6 * sides.square().sum(-1).max()


def test_smallest_rectangle_of_points_in_line_or_in_one_place():
    points = torch.stack([torch.arange(9.0).repeat_interleave(2), torch.full((18,), 7.0)])
    found = torch.empty(2, 8)
    min_area_polygons(points, found)
    assert signed_area(found.view(-1, 4, 2)).abs().max() < 1e-5
    torch.testing.assert_close(found[1], torch.full((8,), 7.0))
    assert found[0].amax() == pytest.approx(8, abs=1e-5) and found[0].amin() == pytest.approx(0, abs=1e-5)


def test_points_in_polygons_of_fixture(reference):
    arrays = reference('points_in_polygons_exact')
    inside = torch.empty_like(arrays['inside'])
    points_in_polygons(arrays['points'], arrays['polygons'], inside)
    assert inside.equal(arrays['inside'])


def test_points_in_a_polygon_that_is_not_convex(monkeypatch):
    monkeypatch.setattr('mmrs.ops.quadri._CHUNK', 16)
    polygons = torch.tensor([CONCAVE, CONCAVE[::-1]])[:, [0, 1, 2, 3, 4, 5, 6, 7]]
    points = 12 * torch.rand(300, 2) - 1
    inside = torch.empty(300, 2)
    points_in_polygons(points, polygons, inside)
    truth = shapely.contains_xy(shapes(polygons[:1])[0], points.double().numpy())
    assert inside[:, 0].bool().equal(torch.from_numpy(truth))
    assert torch.empty(0, 2).equal(_inside(points[:0], polygons))


def _inside(points: Tensor, polygons: Tensor) -> Tensor:
    out = torch.empty(len(points), len(polygons))
    points_in_polygons(points, polygons, out)
    return out


coordinate = strategies.one_of(strategies.integers(0, 6).map(float), strategies.floats(0, 6, width=32))


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
@hypothesis.given(
    strategies.lists(coordinate, min_size=18, max_size=18), strategies.lists(coordinate, min_size=18, max_size=18)
)
def test_hulls_and_intersections_of_any_points(first, second):
    one, other = torch.tensor([first], dtype=torch.float64), torch.tensor([second], dtype=torch.float64)
    wrapped, rival = convex_hull(one.view(1, 9, 2)), convex_hull(other.view(1, 9, 2))
    shape, other_shape = hulls(one)[0], hulls(other)[0]
    assert signed_area(wrapped).item() == pytest.approx(shape.area, abs=1e-9)
    common = convex_intersection(wrapped, rival).item()
    assert common == pytest.approx(shape.intersection(other_shape).area, abs=1e-6)
