"""Shifted coordinates and web-mercator tiles against the published helpers."""

import numpy as np
import pytest

from mmrs.errors import ConfigError
from mmrs.geo.china_datum import gcj02_to_bd09, gcj02_to_wgs84, wgs84_to_gcj02
from mmrs.geo.web_mercator import tile_position, to_web_mercator


@pytest.fixture(scope='module')
def published(fixtures_dir):
    with np.load(fixtures_dir / 'skysensepp' / 'geo_transforms.npz') as file:
        return {name: file[name] for name in file.files}


def test_published_shifts(published):
    gcj = wgs84_to_gcj02(published['lng'], published['lat'])
    np.testing.assert_allclose(gcj, published['gcj'], atol=1e-10)
    np.testing.assert_allclose(gcj02_to_bd09(*gcj), published['bd09'], atol=1e-10)
    np.testing.assert_allclose(gcj02_to_wgs84(*gcj, steps=1), published['wgs_back'], atol=1e-10)


def test_the_way_back_is_exact_where_the_originals_is_not():
    place = np.array([[116.39, 103.85], [39.9, 30.67]])
    shifted = wgs84_to_gcj02(*place)
    assert np.abs(gcj02_to_wgs84(*shifted) - place).max() < 1e-9  # 0.1 mm
    assert np.abs(gcj02_to_wgs84(*shifted, steps=1) - place).max() > 1e-6


def test_nothing_is_shifted_outside_of_china():
    assert wgs84_to_gcj02([-3.7, 151.2], [40.4, -33.9]).tolist() == [[-3.7, 151.2], [40.4, -33.9]]


def test_published_tiles(published):
    merc = to_web_mercator(published['lng'], published['lat'])
    np.testing.assert_allclose(merc, published['merc'], atol=0.01)  # its half circumference is rounded to centimetres
    x, y, zoom = published['tiles'].astype(int).T
    np.testing.assert_allclose(tile_position(x, y, zoom), published['tile_center_latlon'], atol=1e-9)
    np.testing.assert_allclose(tile_position(x, y, zoom, centre=False), published['tile_ul_latlon'], atol=1e-9)


def test_tiles_outside_of_their_level():
    with pytest.raises(ConfigError, match='x, y, zoom'):
        tile_position(14, 3, 3)
