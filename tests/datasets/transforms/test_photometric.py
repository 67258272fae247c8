"""Photometric distortion: mmseg's to the bit for brightness and contrast, close to it in distribution elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mmseg.datasets.transforms import PhotoMetricDistortion as HostDistortion

from mmrs.datasets.transforms import EachDate, PhotoMetricDistortion
from mmrs.datasets.transforms.photometric import Distortion, colour_matrix, distort
from mmrs.errors import ConfigError

EVERY_VALUE = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)


def picture(size: int = 48) -> np.ndarray:
    """Muted colours of a field, with dark and bright ends."""
    rows, columns = np.mgrid[:size, :size] / size
    colour = np.stack([110 + 70 * rows, 120 - 40 * columns, 80 + 60 * np.sin(9 * rows * columns)], -1)
    noise = np.random.default_rng(0).normal(0, 12, (size, size, 1))
    return np.clip(colour + noise + 110 * (rows[..., None] - 0.5) * (columns[..., None] > 0.5), 0, 255).astype(np.uint8)


@pytest.mark.parametrize('brightness', [-31.7, 0.0, 19.25])
@pytest.mark.parametrize('contrast', [0.52, 1.0, 1.47])
def test_brightness_and_contrast_equal_mmsegs_for_every_value(brightness: float, contrast: float) -> None:
    host = HostDistortion()
    expected = EVERY_VALUE if brightness == 0 else host.convert(EVERY_VALUE, beta=brightness)
    expected = expected if contrast == 1 else host.convert(expected, alpha=contrast)
    np.testing.assert_array_equal(distort(EVERY_VALUE, Distortion(brightness, contrast)), expected)


def test_the_matrix_keeps_grey_turns_by_its_angle_and_scales_what_is_not_grey() -> None:
    matrix = colour_matrix(Distortion(brightness=10, contrast=1.5, saturation=0.5, hue=0.3))
    np.testing.assert_allclose(matrix @ [40, 40, 40, 1], [75, 75, 75])  # (40 + 10) * 1.5
    colour = np.array([90.0, 50, 40])
    moved = colour_matrix(Distortion(saturation=0.5, hue=0.3))[:, :3] @ colour
    before, after = colour - colour.mean(), moved - moved.mean()
    assert moved.mean() == pytest.approx(colour.mean())
    assert np.linalg.norm(after) == pytest.approx(0.5 * np.linalg.norm(before))
    cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
    assert math.acos(cosine) == pytest.approx(0.3)


def test_a_turn_of_120_degrees_moves_red_to_green_as_in_hsv() -> None:
    red = np.full((2, 2, 3), (200, 40, 40), np.uint8)
    third = distort(red, Distortion(hue=math.radians(120)))
    np.testing.assert_allclose(third[0, 0], (40, 200, 40), atol=1)


def test_the_pass_over_uint8_is_the_matrix_rounded_and_clipped() -> None:
    image, change = picture(), Distortion(12.0, 1.3, 1.4, 0.4)
    exact = image.astype(float) @ colour_matrix(change)[:, :3].T + colour_matrix(change)[:, 3]
    np.testing.assert_allclose(distort(image, change), np.clip(exact, 0, 255), atol=0.8)  # fixed point
    swapped = distort(image[..., ::-1].copy(), change._replace(hue=-0.4))[..., ::-1]
    np.testing.assert_allclose(swapped.astype(int), distort(image, change), atol=1)  # RGB and BGR are treated alike


def test_mean_spread_and_colourfulness_agree_with_mmseg() -> None:
    image = picture(24)

    def figures(transform: HostDistortion | PhotoMetricDistortion) -> np.ndarray:
        np.random.seed(1)
        drawn = np.stack([transform.transform({'img': image})['img'] for _ in range(1500)]).astype(float)
        colourful = (drawn.max(-1) - drawn.min(-1)).mean()
        return np.array([*drawn.mean((0, 1, 2)), drawn.std(), drawn.mean((1, 2, 3)).std(), colourful])

    host, ours = figures(HostDistortion()), figures(PhotoMetricDistortion())
    np.testing.assert_allclose(ours[:3], host[:3], atol=3)  # means of red, green and blue
    np.testing.assert_allclose(ours[3:5], host[3:5], rtol=0.08)  # spread within, and between draws
    assert ours[5] == pytest.approx(host[5], rel=0.1)


def test_each_part_is_drawn_half_of_the_time_within_its_range() -> None:
    transform = PhotoMetricDistortion(brightness_delta=5, contrast_range=(0.9, 1.2), hue_delta=9)
    drawn = np.array([transform._drawn() for _ in range(800)])
    changed = drawn != Distortion()
    np.testing.assert_allclose(changed.mean(0), 0.5, atol=0.07)
    low, high = drawn.min(0), drawn.max(0)
    assert (low >= (-5, 0.9, 0.5, -math.radians(18))).all() and (high <= (5, 1.2, 1.5, math.radians(18))).all()
    assert (high - low > 0.9 * np.array([10, 0.3, 1.0, math.radians(36)])).all()
    exact = ~changed[:, 2] & ~changed[:, 3]
    assert 0.18 < exact.mean() < 0.32


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize('bands', [1, 2, 3, 4, 10])
def test_any_dtype_and_number_of_bands(dtype: type, bands: int) -> None:
    image = np.random.default_rng(0).integers(20, 100, (5, 6, bands)).astype(dtype)
    change = Distortion(brightness=10, contrast=2, saturation=0.5, hue=0.2)
    done = distort(image, change)
    assert done.dtype == dtype and done.shape == image.shape
    mean = image.astype(float).mean(-1)
    np.testing.assert_allclose(done.astype(float).mean(-1), 2 * (mean + 10), atol=1.01)
    alone = (image.astype(float) + 10) * 2
    assert np.allclose(done, alone, atol=1) == (bands != 3)  # colours turn where there are three


def test_integers_are_clipped_floats_are_not_and_the_source_stays() -> None:
    image = np.full((2, 2, 4), 60000, np.uint16)
    assert (distort(image, Distortion(contrast=1.4)) == 65535).all() and (image == 60000).all()
    assert distort(np.full((2, 2, 2), -20, np.float32), Distortion(brightness=-3)).min() == -23
    source = picture()
    kept = source.copy()
    for _ in range(8):
        PhotoMetricDistortion().transform({'img': source})
    np.testing.assert_array_equal(source, kept)


def test_dates_are_distorted_independently_unless_asked() -> None:
    pair = np.concatenate([picture(), picture()], -1)
    step = [dict(type='mmrs.PhotoMetricDistortion')]
    apart = [EachDate(step)(dict(img=pair))['img'] for _ in range(8)]
    together = [EachDate(step, same=True)(dict(img=pair))['img'] for _ in range(8)]
    assert sum(not np.array_equal(done[..., :3], done[..., 3:]) for done in apart) >= 6
    assert all(np.array_equal(done[..., :3], done[..., 3:]) for done in together)
    assert sum(not np.array_equal(done, pair) for done in together) >= 6


@pytest.mark.parametrize('ends', [(1.5, 0.5), (-0.1, 1.0), (1.0,)])
def test_ranges_that_cannot_be_meant_are_refused(ends: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match='contrast_range'):
        PhotoMetricDistortion(contrast_range=ends)
