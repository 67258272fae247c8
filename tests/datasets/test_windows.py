"""Windows of large scenes: where they are drawn, and that one warp keeps every pixel in its place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.windows import Window

from mmrs.datasets.windows import WindowWarp, draw_window, grid_windows

SIZES = st.integers(1, 60)


def coordinates(rows: int, columns: int) -> np.ndarray:
    """Column and row of every pixel's centre, from the upper left corner of the scene."""
    return np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), -1).astype(np.float32)


@st.composite
def warps(draw: st.DrawFn, angles: st.SearchStrategy[float]) -> WindowWarp:
    scene = (draw(st.integers(20, 50)), draw(st.integers(20, 50)))
    rows, columns = (draw(st.integers(6, side)) for side in scene)
    window = Window(draw(st.integers(0, scene[1] - columns)), draw(st.integers(0, scene[0] - rows)), columns, rows)
    size = (draw(st.integers(6, 40)), draw(st.integers(6, 40)))
    return WindowWarp(scene, window, size, draw(angles), (draw(st.booleans()), draw(st.booleans())))


def read(array: np.ndarray, window: Window) -> np.ndarray:
    top, left = int(window.row_off), int(window.col_off)
    return array[top : top + int(window.height), left : left + int(window.width)]


def places(warp: WindowWarp) -> np.ndarray:
    """Where in the scene every pixel of the sample lies, by the warp's own matrix."""
    centres = coordinates(*warp.size)
    return np.concatenate([centres, np.ones((*warp.size, 1))], -1) @ warp.matrix().T


@settings(max_examples=60, deadline=None)
@given(warps(st.just(0.0)))
def test_upright_samples_show_what_lies_at_their_places(warp: WindowWarp) -> None:
    scene, window = coordinates(*warp.scene), warp.window
    found = warp(read(scene, warp.source()), smooth=True)
    low = np.array([window.col_off, window.row_off]) + 0.5
    expected = np.clip(places(warp), low, low + [window.width - 1, window.height - 1])  # the edge is repeated
    np.testing.assert_allclose(found, expected, atol=0.02)
    labels = (scene[..., 0].astype(int) % 7 + 7 * (scene[..., 1].astype(int) % 7)).astype(np.uint8)
    nearest = np.floor(places(warp) + 1e-6).astype(int)
    other = np.floor(places(warp) - 1e-6).astype(int)  # a place between two pixels may fall to either
    found_labels = warp(read(labels, warp.source()), smooth=False)
    agree = [found_labels == labels[rows, columns] for rows in (nearest[..., 1], other[..., 1])
             for columns in (nearest[..., 0], other[..., 0])]  # fmt: skip
    assert np.logical_or.reduce(agree).all()


@settings(max_examples=60, deadline=None)
@given(warps(st.floats(-180, 180).filter(lambda angle: abs(angle) > 1)))
def test_turned_samples_show_what_lies_at_their_places(warp: WindowWarp) -> None:
    scene = coordinates(*warp.scene)
    source = warp.source()
    assert 0 <= source.col_off and source.col_off + source.width <= warp.scene[1]
    found = warp(read(scene, source), smooth=True, outside=-100)
    expected = places(warp)
    inside = ((expected > 1) & (expected < np.array(warp.scene[::-1]) - 1)).all(-1)
    np.testing.assert_allclose(found[inside], expected[inside], atol=0.06)  # OpenCV interpolates in 32nds of a pixel
    far = ((expected < -1) | (expected > np.array(warp.scene[::-1]) + 1)).any(-1)
    assert (found[far] == -100).all()
    halves = (scene[..., 0] > warp.scene[1] / 2).astype(np.uint8)
    clear = inside & (np.abs(expected[..., 0] - warp.scene[1] // 2 - warp.scene[1] % 2 / 2) > 0.6)
    found_halves = warp(read(halves, source), smooth=False, outside=255)
    np.testing.assert_array_equal(found_halves[clear], expected[clear][:, 0] > warp.scene[1] / 2)
    assert (found_halves[far] == 255).all()


def test_a_turn_is_clockwise_and_a_quarter_moves_every_pixel_exactly() -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    warp = WindowWarp((8, 8), Window(0, 0, 8, 8), (8, 8), 90.0)
    np.testing.assert_array_equal(warp(pixels, smooth=True), np.rot90(pixels, -1))
    mirrored = WindowWarp((8, 8), Window(0, 0, 8, 8), (8, 8), 0.0, (True, False))
    np.testing.assert_array_equal(mirrored(pixels, smooth=True), pixels[:, ::-1])


def test_a_coarse_read_keeps_places() -> None:
    scene = coordinates(64, 96)
    for angle in (0.0, 30.0):
        warp = WindowWarp((64, 96), Window(16, 8, 48, 40), (10, 12), angle)
        source, coarse = warp.source(), warp.coarse()
        assert coarse == (-(-source.height // 4), -(-source.width // 4))
        if source.height % 4 or source.width % 4:
            continue
        blocks = read(scene, source).reshape(coarse[0], 4, coarse[1], 4, 2).mean((1, 3))
        found, expected = warp(blocks, smooth=True, outside=0), places(warp)
        np.testing.assert_allclose(found[2:-2, 2:-2], expected[2:-2, 2:-2], atol=0.2)
    assert WindowWarp((64, 96), Window(0, 0, 40, 40), (21, 21)).coarse() is None


@pytest.mark.parametrize('dtype', ['uint8', 'int8', 'uint16', 'int32', 'float32', 'float64', 'bool'])
@pytest.mark.parametrize('bands', [1, 3, 5, 10])
@pytest.mark.parametrize('angle', [0.0, 20.0])
def test_any_dtype_and_number_of_bands_is_warped_alike(dtype: str, bands: int, angle: float) -> None:
    plane = np.random.default_rng(0).integers(0, 2 if dtype == 'bool' else 100, (20, 20)).astype(dtype)
    warp = WindowWarp((20, 20), Window(4, 4, 12, 12), (18, 16), angle, (True, True))
    read_plane = read(plane, warp.source())
    found = warp(np.repeat(read_plane[..., None], bands, -1), smooth=True, outside=0)
    assert found.shape == (18, 16, bands) and found.dtype == dtype
    np.testing.assert_allclose(found.astype(float), found[..., :1].astype(float).repeat(bands, -1), atol=1)  # ties
    exact = warp(read_plane.astype(np.float64), smooth=True, outside=0)
    np.testing.assert_allclose(found[..., 0].astype(float), exact, atol=1.01 if plane.dtype.kind in 'iu' else 0.51)


@settings(max_examples=200, deadline=None)
@given(st.tuples(SIZES, SIZES), st.tuples(SIZES, SIZES), st.floats(0.3, 3), st.none() | st.tuples(SIZES, SIZES))
def test_drawn_windows_lie_in_the_scene(
    scene: tuple[int, int], crop: tuple[int, int], ratio: float, blocks: tuple[int, int] | None
) -> None:
    window, size = draw_window(scene, crop, ratio, blocks)
    assert window.row_off >= 0 and window.row_off + window.height <= scene[0]
    assert window.col_off >= 0 and window.col_off + window.width <= scene[1]
    for axis, length in enumerate((window.height, window.width)):
        wanted = max(1, round(crop[axis] / ratio))
        assert length == min(wanted, scene[axis])
        assert size[axis] == crop[axis] if wanted <= scene[axis] else 1 <= size[axis] <= crop[axis]


def test_places_are_even_without_blocks() -> None:
    starts = [int(draw_window((20, 12), (10, 10), 1.0)[0].row_off) for _ in range(2200)]
    counts = np.bincount(starts)
    assert len(counts) == 11 and (np.abs(counts - 200) < 60).all()


@pytest.mark.parametrize(
    ('length', 'size', 'block'), [(64, 16, 16), (70, 16, 16), (64, 10, 16), (64, 20, 16), (50, 50, 16)]
)
def test_aligned_windows_touch_the_fewest_blocks_and_reach_every_pixel(length: int, size: int, block: int) -> None:
    fewest, seen, starts = -(-size // block), np.zeros(length, int), set()
    for _ in range(800):
        first = int(draw_window((length, 5), (size, 5), 1.0, (block, 5))[0].row_off)
        touched = (first + size - 1) // block - first // block + 1
        assert touched == fewest or first == length - size
        seen[first : first + size] += 1
        starts.add(first)
    assert seen.all()
    if size == block and length % block == 0:
        assert starts == set(range(0, length, block))


@settings(max_examples=60, deadline=None)
@given(st.tuples(SIZES, SIZES), st.tuples(SIZES, SIZES))
def test_a_grid_covers_a_scene_once(scene: tuple[int, int], largest: tuple[int, int]) -> None:
    seen = np.zeros(scene, int)
    for window in grid_windows(scene, largest):
        assert 1 <= window.height <= largest[0] and 1 <= window.width <= largest[1]
        read(seen, window)[...] += 1
    assert (seen == 1).all()
