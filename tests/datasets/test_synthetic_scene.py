"""Synthetic landscapes: the same from the same seed, in agreement between sensors, and not noise."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from mmrs.datasets.synthetic import CLASSES, PALETTE, Cover, SyntheticScene, draw_scene

DIGEST = """
import cv2, hashlib, sys
from mmrs.datasets.synthetic import draw_scene
cv2.setNumThreads(int(sys.argv[1]))
scene = draw_scene(3, 96, 160)
layers = (scene.optical, scene.sar, scene.land_cover, scene.height)
print(hashlib.sha256(b''.join(layer.tobytes() for layer in layers)).hexdigest())
"""


@pytest.fixture(scope='module')
def scene() -> SyntheticScene:
    return draw_scene(6, 640, 640)


def test_layers_share_one_grid_and_their_documented_types(scene: SyntheticScene) -> None:
    assert scene.optical.shape == (640, 640, 3) and scene.optical.dtype == np.uint8
    assert scene.sar.shape == scene.land_cover.shape == scene.height.shape == (640, 640)
    assert scene.sar.dtype == scene.height.dtype == np.float32 and scene.land_cover.dtype == np.uint8
    assert np.isfinite(scene.sar).all() and -45 < scene.sar.min() and scene.sar.max() < 25
    assert len(CLASSES) == len(PALETTE) == len(Cover)


def test_same_seed_same_bytes_in_other_processes_and_thread_counts() -> None:
    digests = {
        subprocess.run([sys.executable, '-c', DIGEST, threads], check=True, capture_output=True, text=True).stdout
        for threads in ('1', '4')
    }
    scene = draw_scene(3, 96, 160)
    layers = (scene.optical, scene.sar, scene.land_cover, scene.height)
    here = hashlib.sha256(b''.join(layer.tobytes() for layer in layers)).hexdigest()
    assert digests == {here + '\n'}


def test_other_seeds_are_other_places() -> None:
    first, second = draw_scene(1, 64, 64), draw_scene(2, 64, 64)
    assert np.mean(first.land_cover != second.land_cover) > 0.2


def test_a_few_seeds_show_every_class() -> None:
    counts = sum(np.bincount(draw_scene(seed, 384, 384).land_cover.ravel(), minlength=7) for seed in range(4))
    assert len(counts) == len(CLASSES)
    assert (counts / counts.sum() > 0.01).all()


def test_covers_are_patches_not_noise(scene: SyntheticScene) -> None:
    cover = scene.land_cover
    same = np.mean(cover[1:] == cover[:-1]), np.mean(cover[:, 1:] == cover[:, :-1])
    assert min(same) > 0.95
    # Brightness keeps its pattern at a distance, where noise would be averaged out.
    grey = scene.optical.mean(-1)
    assert ndimage.uniform_filter(grey, 15).std() > 0.4 * grey.std()


def test_radar_sees_the_same_objects_at_the_same_place(scene: SyntheticScene) -> None:
    level = {cover: scene.sar[scene.land_cover == cover].mean() for cover in Cover}
    assert level[Cover.WATER] < level[Cover.ROAD] < level[Cover.GRASS] < level[Cover.TREES]
    smooth = 10 * np.log10(ndimage.uniform_filter(10 ** (scene.sar / 10), 5))
    inner = ndimage.binary_erosion(scene.land_cover == Cover.WATER, iterations=4)
    land = ndimage.binary_erosion(np.isin(scene.land_cover, (Cover.GRASS, Cover.CROPS)), iterations=4)
    assert np.mean(smooth[inner] < -18) > 0.98
    assert np.mean(smooth[land] > -18) > 0.9


def test_speckle_is_multiplicative_with_the_variance_of_its_looks(scene: SyntheticScene) -> None:
    power = 10 ** (scene.sar / 10)
    fields = ndimage.binary_erosion(scene.land_cover == Cover.CROPS, iterations=8)
    # Ratio of neighbours two pixels apart: for 4-look gamma the log ratio has a variance of 2 * trigamma(4) = 0.568.
    pairs = fields[:, 2:] & fields[:, :-2]
    ratio = np.log(power[:, 2:] / power[:, :-2])[pairs]
    assert 0.5 < ratio.var() < 0.65


def test_buildings_are_high_bright_to_radar_and_cast_shadows(scene: SyntheticScene) -> None:
    building = scene.land_cover == Cover.BUILDING
    assert scene.height[building].min() > 2
    # Walls are laid over towards the sensor, up to a building's height from its footprint.
    near = ndimage.binary_dilation(building, iterations=8)
    assert np.quantile(scene.sar[near], 0.98) > np.quantile(scene.sar[~near], 0.98) + 5
    assert np.quantile(scene.sar[near], 0.1) < np.quantile(scene.sar[scene.land_cover == Cover.GRASS], 0.1) - 3
    grass = scene.land_cover == Cover.GRASS
    beside = grass & ndimage.binary_dilation(building, iterations=4)
    grey = scene.optical.mean(-1)
    assert np.quantile(grey[beside], 0.1) < 0.75 * np.quantile(grey[grass & ~beside], 0.1)


def test_size_is_in_metres_not_in_pixels() -> None:
    fine, coarse = draw_scene(6, 512, 512, gsd=0.5), draw_scene(6, 128, 128, gsd=2.0)
    assert len(fine.world.buildings) == len(coarse.world.buildings)
    shares = [np.bincount(s.land_cover.ravel(), minlength=7) / s.land_cover.size for s in (fine, coarse)]
    assert np.abs(shares[0] - shares[1]).max() < 0.06


@pytest.mark.parametrize('arguments', [(-1, 64, 64, 1.0), (0, 8, 64, 1.0), (0, 64, 64, 0.0)])
def test_wrong_arguments_are_refused(arguments: tuple[int, int, int, float]) -> None:
    with pytest.raises(ValueError, match='need seed'):
        draw_scene(*arguments)
