"""Groups of tiles: the published tiling, and every pixel read about once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrs.datasets.pretraining.tiles import extent, plan_tiles
from mmrs.geo.grid import flush_windows


def test_starts_are_those_of_the_fixture(fixtures_dir: Path) -> None:
    for case in json.loads((fixtures_dir / 'mars' / 'tiling.json').read_text()):
        tiles = [tile for group in plan_tiles(case['length'], case['length'], case['tile']) for tile in group]
        assert sorted({tile.left for tile in tiles}) == sorted({tile.top for tile in tiles}) == case['start']
        assert len(tiles) == len(case['start']) ** 2


@settings(deadline=None)  # wall-clock limits of single examples fail on busy machines
@given(
    height=st.integers(1, 9000),
    width=st.integers(1, 9000),
    tile=st.sampled_from([256, 500, 1024]),
    block_width=st.sampled_from([256, 9000]),
)
def test_groups_hold_every_tile_once_and_do_not_overlap(height: int, width: int, tile: int, block_width: int) -> None:
    groups = plan_tiles(height, width, tile, block_width)
    tiles = sorted((item for group in groups for item in group), key=lambda item: item.number)
    assert [(item.left, item.top) for item in tiles] == [
        (window.col_off, window.row_off) for window in flush_windows(height, width, tile, tile)
    ]
    assert [item.number for item in tiles] == list(range(len(tiles)))
    read = np.zeros((-(-height // 8), -(-width // 8)), int)  # every eighth pixel
    for group in groups:
        window = extent(group, tile, height, width)
        rows, columns = (slice(-(-a // 8), -(-(a + n) // 8)) for a, n in (
            (window.row_off, window.height), (window.col_off, window.width)))  # fmt: skip
        read[rows, columns] += 1
        if block_width == 9000:
            assert window.width == width
    assert (read == 1).all()


def test_a_group_is_small_whatever_the_scene() -> None:
    for group in plan_tiles(100_000, 100_000, 1024, 512):
        window = extent(group, 1024, 100_000, 100_000)
        assert window.height * window.width <= 3 * 1024 * 5 * 1024
    widest = max(extent(group, 1024, 30_000, 60_000).height for group in plan_tiles(30_000, 60_000, 1024, 60_000))
    assert widest <= 2 * 1024  # whole rows, but few of them
