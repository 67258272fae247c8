"""Blending: constants stay constant, and tiles of a pixel-wise model give what the whole image gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmrs.errors import ConfigError
from mmrs.geo.blend import Blender, axis_weights, finished_sizes
from mmrs.geo.grid import axis_starts


def blend(image: np.ndarray, tile: int, overlap: int, window: str, model) -> np.ndarray:
    """Tiles an image, applies ``model`` to each tile and puts the finished blocks together."""
    rows, columns = (axis_starts(length, tile, overlap) for length in image.shape[1:])
    blender = Blender(rows, columns, tile, image.shape[0], window)
    out = np.full((image.shape[0], rows[-1] + tile, columns[-1] + tile), np.nan, np.float32)
    for i, y in enumerate(rows):
        for j, x in enumerate(columns):
            block = blender.add(i, j, model(image[:, y : y + tile, x : x + tile].copy()))
            out[:, y : y + block.shape[1], x : x + block.shape[2]] = block
    return out


@st.composite
def layouts(draw) -> tuple[int, int, int, int]:
    tile = draw(st.integers(2, 24))
    overlap = draw(st.integers(0, tile - 1))
    height, width = (draw(st.integers(tile, 4 * tile)) for _ in range(2))
    return height, width, tile, overlap


@settings(max_examples=60, deadline=None)
@given(layouts(), st.sampled_from(['cosine', 'gaussian']))
def test_constants_stay_constant(layout, window) -> None:
    height, width, tile, overlap = layout
    image = np.full((2, height, width), 3.5, np.float32)
    assert np.allclose(blend(image, tile, overlap, window, lambda part: part), 3.5, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(layouts(), st.sampled_from(['cosine', 'gaussian']), st.integers(0, 100))
def test_pixelwise_model_gives_the_whole_image(layout, window, seed) -> None:
    height, width, tile, overlap = layout
    image = np.random.default_rng(seed).normal(size=(3, height, width)).astype(np.float32)
    mix = np.float32([[1, -2, 0.5], [0, 1, 1], [2, 0, -1]])
    expected = np.einsum('kc,chw->khw', mix, image)
    got = blend(image, tile, overlap, window, lambda part: np.einsum('kc,chw->khw', mix, part))
    assert np.allclose(got, expected, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(layouts(), st.sampled_from(['cosine', 'gaussian']))
def test_weights_sum_to_one(layout, window) -> None:
    height, _, tile, overlap = layout
    offsets = axis_starts(height, tile, overlap)
    total = np.zeros(height)
    for start, weight in zip(offsets, axis_weights(offsets, tile, window), strict=True):
        total[start : start + tile] += weight
    assert np.allclose(total, 1, atol=1e-6)
    assert sum(finished_sizes(offsets, tile)) == height


def test_three_by_three_model_gives_the_whole_image_away_from_tile_borders() -> None:
    tile, overlap = 16, 6
    image = np.random.default_rng(0).normal(size=(1, 46, 56)).astype(np.float32)

    def smooth(part: np.ndarray) -> np.ndarray:
        padded = np.pad(part, ((0, 0), (1, 1), (1, 1)))
        height, width = part.shape[1:]
        return sum(padded[:, i : i + height, j : j + width] for i in range(3) for j in range(3)) / 9

    got, expected = blend(image, tile, overlap, 'cosine', smooth), smooth(image)
    touched = np.zeros(image.shape[1:], bool)  # pixels that some tile sees at its own border
    for y in axis_starts(46, tile, overlap):
        for x in axis_starts(56, tile, overlap):
            touched[[y, y + tile - 1], x : x + tile] = touched[y : y + tile, [x, x + tile - 1]] = True
    assert (~touched).mean() > 0.5
    assert np.allclose(got[:, ~touched], expected[:, ~touched], atol=1e-5)
    # A tile counts little at its own border: the seams stay faint.
    assert np.abs(got - expected)[:, 1:-1, 1:-1].max() < 0.05 * np.abs(expected).max()


def test_cosine_is_flat_outside_the_overlap_and_at_scene_borders() -> None:
    weights = axis_weights([0, 12, 24], 16, 'cosine')
    assert (weights[0, :12] == 1).all() and (weights[2, 4:] == 1).all() and (weights[1, 4:12] == 1).all()
    assert (np.diff(weights[1, :4]) > 0).all()


def test_left_out_tiles_count_as_zeros() -> None:
    blender = Blender([0], [0, 4], 8, 1)
    blender.add(0, 0, np.ones((1, 8, 8), np.float32))
    block = blender.add(0, 1, None)
    assert (block[..., 4:] == 0).all() and (np.diff(block[0, 0, :4]) < 0).all()


@pytest.mark.parametrize('offsets', [[0, 20], [0, 0], [4, 2]])
def test_gaps_and_disorder_are_refused(offsets) -> None:
    with pytest.raises(ConfigError, match='ascending'):
        axis_weights(offsets, 16)


def test_unknown_window_is_refused() -> None:
    with pytest.raises(ConfigError, match='hann'):
        axis_weights([0], 16, 'hann')
