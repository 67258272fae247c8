"""Ten bands as of Sentinel-2 and two as of Sentinel-1: on the grid of the labels, classes apart as physics has it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from mmrs.cli import main
from mmrs.datasets.synthetic import Cover, Plan, draw_scene, write_dataset
from mmrs.errors import DataError
from mmrs.geo.sensors import SENSORS


def medians(sensor: str) -> dict[Cover, np.ndarray]:
    scene = draw_scene(3, 192, 192, 4.0, sensor)
    covers = {cover: scene.land_cover == cover for cover in Cover}
    return {cover: np.median(scene.image[:, mask], 1) for cover, mask in covers.items() if mask.sum() > 100}


def test_plants_are_bright_in_the_infrared_and_water_is_dark() -> None:
    scene = draw_scene(3, 64, 64, 4.0, 'sentinel2-l2a')
    assert scene.image.shape == (10, 64, 64) and scene.image.dtype == np.uint16 and scene.image.min() >= 1
    assert scene.image.tobytes() == draw_scene(3, 64, 64, 4.0, 'sentinel2-l2a').image.tobytes()
    found = medians('sentinel2-l2a')
    red, infrared, short = (SENSORS['sentinel2-l2a'].bands.index(band) for band in ('B4', 'B8', 'B11'))
    index = {cover: (one[infrared] - one[red]) / (one[infrared] + one[red]) for cover, one in found.items()}
    assert index[Cover.TREES] > 0.6 and index[Cover.GRASS] > 0.3 and abs(index[Cover.ROAD]) < 0.25
    assert found[Cover.WATER][short] < 0.2 * found[Cover.GRASS][short]
    assert (found[Cover.WATER][infrared] - found[Cover.WATER][red]) < 0


def test_crowns_turn_the_wave_and_water_is_dark_in_both_polarisations() -> None:
    scene = draw_scene(3, 64, 64, 4.0, 'sentinel1-grd')
    assert scene.image.shape == (2, 64, 64) and scene.image.dtype == np.float32
    assert (scene.image[0] == scene.sar).all(), 'VV is the backscatter that other sets have'
    found = medians('sentinel1-grd')
    ratio = {cover: vv - vh for cover, (vv, vh) in found.items()}
    assert all(3 < value < 12 for value in ratio.values()) and ratio[Cover.TREES] == min(ratio.values())
    assert found[Cover.WATER][1] < found[Cover.GRASS][1] - 5


@pytest.mark.parametrize(('sensor', 'dtype'), [('sentinel2-l2a', 'uint16'), ('sentinel1-grd', 'float32')])
def test_sets_of_other_sensors(tmp_path: Path, sensor: str, dtype: str) -> None:
    write_dataset(tmp_path / 'set', Plan(train=1, val=1, tile=32, scene_size=32, gsd=4, sensor=sensor))
    for path in (tmp_path / 'set/scene.tif', *(tmp_path / 'set/img_dir').rglob('*.tif')):
        with rasterio.open(path) as image:
            assert image.dtypes[0] == dtype and image.descriptions == SENSORS[sensor].bands and image.res == (4, 4)
    with pytest.raises(DataError, match='--overwrite'):
        write_dataset(tmp_path / 'set', Plan(train=1, val=1, tile=32, scene_size=32, gsd=4))


def test_sensors_that_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match='--sensor: found lidar'):
        Plan(sensor='lidar').check()
    assert main(['data', 'synth', str(tmp_path / 'a'), '--task', 'change', '--sensor', 'sentinel2-l2a']) == 1
    assert 'rgb with --task change' in capsys.readouterr().err and not (tmp_path / 'a').exists()
