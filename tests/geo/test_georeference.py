from __future__ import annotations

import pytest
from affine import Affine
from rasterio.crs import CRS

from mmrs.geo.georeference import apply, equal_area_crs, ground_sampling_distance, is_true_to_scale


@pytest.mark.parametrize(
    'crs, transform, expected',
    [
        (32633, Affine(0.3, 0, 5e5, 0, -0.3, 5.4e6), (0.3, 0.3)),  # nominal: UTM errs by less than 1 %
        (2263, Affine(1, 0, 1e6, 0, -1, 2e5), (0.3048006, 0.3048006)),  # US survey feet
        (4326, Affine(1e-5, 0, 10, 0, -1e-5, 60), (0.5580, 1.1142)),  # half as wide as high at 60 degrees
        (3857, Affine(10, 0, 1e6, 0, -10, 8_399_738), (5.013, 5.005)),  # Web Mercator at 60 degrees
        (32633, Affine(0, 2, 5e5, 3, 0, 5.4e6), (3, 2)),  # rows run north: columns and rows change places
    ],
)
def test_ground_sampling_distance(crs, transform, expected):
    assert ground_sampling_distance(CRS.from_epsg(crs), transform, 100, 100) == pytest.approx(expected, rel=3e-3)


def test_no_place_no_metres_and_local_systems_at_their_word():
    assert ground_sampling_distance(None, Affine.identity(), 10, 10) is None
    local = CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]')
    assert ground_sampling_distance(local, Affine(2, 0, 0, 0, -2, 0), 10, 10) == (2, 2)
    assert is_true_to_scale(local, Affine(2, 0, 0, 0, -2, 0), 10, 10)


def test_across_the_date_line():
    over = Affine(1e-5, 0, 179.9999, 0, -1e-5, 0)
    assert ground_sampling_distance(CRS.from_epsg(4326), over, 20, 20) == pytest.approx((1.113, 1.106), rel=1e-3)


def test_which_systems_are_true_to_scale():
    metres = Affine(1, 0, 5e5, 0, -1, 5.4e6)
    assert is_true_to_scale(CRS.from_epsg(32633), metres, 9, 9)
    assert not is_true_to_scale(CRS.from_epsg(3857), metres, 9, 9)
    assert not is_true_to_scale(CRS.from_epsg(4326), Affine(1e-5, 0, 10, 0, -1e-5, 60), 9, 9)
    assert equal_area_crs(CRS.from_epsg(32633), metres, 9, 9).to_dict()['proj'] == 'laea'


def test_apply_is_the_affine():
    assert apply(Affine(2, 3, 5, 7, 11, 13), 1, 10) == (37, 130)
