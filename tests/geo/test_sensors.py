from __future__ import annotations

import numpy as np
import pytest
import rasterio

from mmrs.errors import RasterError
from mmrs.geo.scene import Scene
from mmrs.geo.sensors import SENSORS, Sensor, check_bands


def test_table_is_keyed_by_name_and_complete():
    assert all(name == sensor.name and min(sensor.std) > 0 for name, sensor in SENSORS.items())
    assert SENSORS['rgb'].mean == (123.675, 116.28, 103.53)
    with pytest.raises(ValueError, match='2 bands'):
        Sensor('odd', ('a', 'b'), (1,), (1,), 'nowhere')


def test_another_number_of_bands_names_sensor_and_scene(make_raster):
    with Scene(make_raster(np.zeros((4, 2, 2), 'uint16'))) as scene:
        with pytest.raises(RasterError, match=r'scene.tif: found 4 band\(s\).*sensor rgb: red, green, blue'):
            check_bands(SENSORS['rgb'], scene)
    with Scene(scene.path, bands=[3, 2, 1]) as scene:
        check_bands(SENSORS['rgb'], scene)


def test_named_bands_in_another_order(make_raster):
    path = make_raster(np.zeros((2, 2, 2), 'float32'))
    for names in (('VH', 'VV'), ('vv', 'vh'), ('', ''), ('first', 'second')):
        with rasterio.open(path, 'r+') as file:
            file.descriptions = names
        with Scene(path) as scene:
            if names == ('VH', 'VV'):
                with pytest.raises(RasterError, match=r'found bands VH, VV.*Select bands 2,1'):
                    check_bands(SENSORS['sentinel1-grd'], scene)
            else:
                check_bands(SENSORS['sentinel1-grd'], scene)


def test_leading_zeros_do_not_matter(make_raster):
    path = make_raster(np.zeros((10, 2, 2), 'uint16'))
    with rasterio.open(path, 'r+') as file:
        file.descriptions = ('B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B8A', 'B11', 'B12')
    with Scene(path) as scene:
        check_bands(SENSORS['sentinel2-l2a'], scene)


def test_palette_image_for_a_colour_model(make_raster):
    path = make_raster(np.zeros((1, 2, 2), 'uint8'), photometric='palette')
    with rasterio.open(path, 'r+') as file:
        file.write_colormap(1, {0: (255, 0, 0, 255)})
    with Scene(path) as scene, pytest.raises(RasterError, match='palette image: expand it'):
        check_bands(SENSORS['rgb'], scene)


def test_infrared_that_gdal_marked_as_alpha(make_raster):
    path = make_raster(np.zeros((4, 2, 2), 'uint8'))  # GDAL takes the fourth of four 8-bit bands for alpha
    sensor = Sensor('rgbi', ('red', 'green', 'blue', 'nir'), (0,) * 4, (1,) * 4, 'test')
    with Scene(path) as scene, pytest.raises(RasterError, match='Band 4 is marked as alpha.*select bands 1,2,3,4'):
        check_bands(sensor, scene)
    with Scene(path, bands=[1, 2, 3, 4]) as scene:
        check_bands(sensor, scene)
