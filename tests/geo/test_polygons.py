from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.features import shapes

from mmrs.geo.polygons import stream_polygons

MAPS = arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 16)), elements=st.integers(0, 2))


def streamed(values: np.ndarray, rows: int, skip: tuple[int, ...]) -> list[tuple[int, bytes]]:
    chunks = ((start, values[start : start + rows]) for start in range(0, len(values), rows))
    found = [pair for batch in stream_polygons(chunks, len(values), skip) for pair in zip(*batch, strict=True)]
    return sorted((int(value), shapely.normalize(polygon).wkb) for polygon, value in found)


def in_one_piece(values: np.ndarray, skip: tuple[int, ...]) -> list[tuple[int, bytes]]:
    found = shapes(values, mask=~np.isin(values, skip), connectivity=4)
    return sorted((int(value), shapely.normalize(shapely.geometry.shape(outline)).wkb) for outline, value in found)


@given(MAPS, st.integers(1, 9), st.sampled_from([(), (0,), (0, 1, 2)]))
def test_chunks_give_the_polygons_of_the_whole_map(values, rows, skip):
    if rows >= len(values):
        rows = max(1, len(values) - 1)
    expected = in_one_piece(values, skip)
    found = streamed(values, rows, skip)
    assert [value for value, _ in found] == [value for value, _ in expected]
    for (_, ours), (_, theirs) in zip(found, expected, strict=True):
        assert shapely.from_wkb(ours).equals(shapely.from_wkb(theirs))
        assert shapely.from_wkb(ours).is_valid


def test_spiral_across_many_chunks_is_one_polygon_with_a_hole():
    values = np.ones((40, 40), 'uint8')
    values[10:30, 10:30] = 0
    values[5, :39] = 2  # cuts the frame almost in two
    [(_, frame)] = [item for item in streamed(values, 3, (0, 2))]
    polygon = shapely.from_wkb(frame)
    assert polygon.area == (values == 1).sum() and len(polygon.interiors) == 1
    assert streamed(values, 3, (0, 2)) == in_one_piece(values, (0, 2))  # without vertices at the seams


def test_wide_values_and_no_polygons_at_all():
    values = np.array([[70000, 70000], [-5, -5]], 'int64')
    assert [value for value, _ in streamed(values, 1, ())] == [-5, 70000]
    assert streamed(values, 1, (70000, -5)) == []
