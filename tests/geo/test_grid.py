from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmrs.geo.grid import TileGrid, axis_starts


@st.composite
def grids(draw: st.DrawFn) -> TileGrid:
    tile = draw(st.tuples(st.integers(1, 24), st.integers(1, 24)))
    overlap = draw(st.integers(0, min(tile) - 1))
    return TileGrid(draw(st.integers(1, 90)), draw(st.integers(1, 90)), tile, overlap)


@given(grids())
def test_covers_every_pixel_once_or_more_inside_the_raster_without_twins(grid):
    seen = np.zeros((grid.height, grid.width), int)
    corners = set()
    for tile in grid:
        assert 0 <= tile.row_off and tile.row_off + tile.height <= grid.height
        assert 0 <= tile.col_off and tile.col_off + tile.width <= grid.width
        assert (tile.height, tile.width) == (min(grid.tile[0], grid.height), min(grid.tile[1], grid.width))
        corners.add((tile.row_off, tile.col_off))
        seen[tile.row_off : tile.row_off + tile.height, tile.col_off : tile.col_off + tile.width] += 1
    assert seen.min() >= 1
    assert len(corners) == len(grid) == len(list(grid)) == np.prod(grid.shape)


@given(st.integers(1, 400), st.integers(1, 60), st.data())
def test_no_fewer_tiles_would_do_and_neighbours_overlap_enough(length, tile, data):
    overlap = data.draw(st.integers(0, tile - 1))
    starts = axis_starts(length, tile, overlap)
    most = tile + (len(starts) - 2) * (tile - overlap)  # what one tile less can cover
    assert len(starts) == 1 or most < length
    assert all(0 < b - a <= tile - overlap for a, b in zip(starts, starts[1:], strict=False))
    assert starts[0] == 0 and starts[-1] == max(0, length - tile)


@given(grids())
def test_fresh_and_final_rows_follow_each_other_over_the_whole_raster(grid):
    rows = range(grid.shape[0])
    for intervals in ([grid.fresh_rows(i) for i in rows], [grid.final_rows(i) for i in rows]):
        assert [row for start, stop in intervals for row in range(start, stop)] == list(range(grid.height))
    for index, tiles in enumerate(grid.rows()):
        for below in grid.rows(index + 1):
            assert all(tile.row_off >= grid.final_rows(index)[1] for tile in below)
        assert max(tile.row_off + tile.height for tile in tiles) == grid.fresh_rows(index)[1]


def test_resumes_at_a_row_and_matches_a_counted_example():
    grid = TileGrid(8192, 8192, 512, 128)
    assert len(grid) == 441  # 21 x 21; 484 with a row and column of waste
    assert next(grid.rows(20)) == grid.row(20)


@pytest.mark.parametrize('arguments', [(0, 5, 4, 0), (5, 5, 0, 0), (5, 5, 4, 4), (5, 5, 4, -1)])
def test_refuses_impossible_sizes(arguments):
    with pytest.raises(ValueError):
        TileGrid(*arguments)
