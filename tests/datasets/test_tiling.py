"""Tiles of large scenes: where they lie, what stands beyond the edge, and going on after a stop."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tiny_sets import save

from mmrs.datasets.tiling import Source, cut_scenes, picture
from mmrs.errors import DataError
from mmrs.geo.grid import flush_starts, flush_windows


@given(length=st.integers(1, 400), tile=st.integers(1, 90), step=st.integers(1, 90))
def test_tiles_cover_every_pixel_and_none_is_needless(length: int, tile: int, step: int) -> None:
    stride = min(step, tile)
    starts = flush_starts(length, tile, stride)
    covered = np.zeros(max(length, tile), int)
    for start in starts:
        covered[start : start + tile] += 1
    assert covered.all() and starts[0] == 0 and starts[-1] == max(length - tile, 0)
    steps = np.diff(starts)
    assert (steps[:-1] == stride).all() and (steps > 0).all() and (steps <= stride).all()


def test_starts_are_those_of_the_fixture(fixtures_dir: Path) -> None:
    for case in json.loads((fixtures_dir / 'mars' / 'tiling.json').read_text()):
        assert flush_starts(case['length'], case['tile'], case['tile']) == case['start']
    assert len(flush_windows(6000, 6000, 512, 512)) == 144  # of Potsdam: 3,456 tiles for training
    with pytest.raises(ValueError, match='stride 5'):
        flush_starts(10, 4, 5)


def grey(pixels: np.ndarray) -> np.ndarray:
    return pixels[0]


def sources(root: Path, height: int, width: int) -> list[Source]:
    random = np.random.default_rng(0)
    image = save(root / 'image.tif', random.integers(0, 255, (4, height, width), np.uint8))
    mask = save(root / 'mask.png', random.integers(0, 9, (height, width), np.uint8))
    name = '{top}_{bottom}_{left}_{right}.png'
    return [
        Source(image, str(root / 'out' / f'a_{name}'), (1, 2, 3), 0, picture),
        Source(mask, str(root / 'out' / f'm_{name}'), None, 255, grey),
    ]


def test_pixels_are_those_of_the_scene(tmp_path: Path) -> None:
    scene = sources(tmp_path, 40, 60)
    seen: list[tuple[int, int]] = []
    assert cut_scenes([scene], 32, 24, lambda *state: seen.append(state)) == (12, 0)
    assert seen == [(number, 12) for number in range(1, 13)]
    image, mask = (np.asarray(Image.open(path)) for path in sorted((tmp_path / 'out').glob('*_8_40_28_60.png')))
    assert np.array_equal(mask, np.asarray(Image.open(tmp_path / 'mask.png'))[8:40, 28:60])
    assert image.shape == (32, 32, 3)
    random = np.random.default_rng(0).integers(0, 255, (4, 40, 60), np.uint8)
    assert np.array_equal(image, np.moveaxis(random[:3, 8:40, 28:60], 0, -1))


def test_a_stopped_run_goes_on(tmp_path: Path) -> None:
    scene = sources(tmp_path, 40, 60)
    done = []

    def stop(number: int, total: int) -> None:
        done.append(number)
        if number == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_scenes([scene], 32, 24, stop, threads=1)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / 'out').iterdir()}
    assert len(files) < 12 and not [path for path in files if path.suffix != '.png']
    assert cut_scenes([scene], 32, 24) == (12 - len(files), len(files))
    assert all(path.stat().st_mtime_ns == then for path, then in files.items())


def test_a_scene_smaller_than_a_tile(tmp_path: Path) -> None:
    assert cut_scenes([sources(tmp_path, 20, 40)], 32, 32) == (4, 0)
    image, mask = (np.asarray(Image.open(path)) for path in sorted((tmp_path / 'out').glob('*_0_32_8_40.png')))
    assert (image[20:] == 0).all() and (mask[20:] == 255).all() and (mask[:20] < 9).all()


def test_rasters_of_two_sizes(tmp_path: Path) -> None:
    image, mask = sources(tmp_path, 20, 40)
    save(mask.path, np.zeros((20, 41), np.uint8))
    with pytest.raises(DataError, match=r'mask\.png: found 20 x 41 pixels; expected 20 x 40 like'):
        cut_scenes([[image, mask]], 32, 32)


def test_an_error_stops_the_other_scenes(tmp_path: Path) -> None:
    def fail(pixels: np.ndarray, path: Path) -> np.ndarray:
        raise DataError(path, 'a colour', 'another', 'Mend it.')

    image, mask = sources(tmp_path, 20, 40)
    broken = Source(mask.path, mask.target, None, 255, partial(fail, path=mask.path))
    with pytest.raises(DataError, match=r'mask\.png: found a colour'):
        cut_scenes([[image, broken]] * 3, 32, 32)
    assert not list((tmp_path / 'out').glob('.*'))
