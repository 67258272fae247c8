from __future__ import annotations

import json
import math

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS

from mmrs.errors import RasterError
from mmrs.geo.scene import GeoreferenceWarning
from mmrs.geo.vector import box_corners, polygonize, write_boxes

NAMES = ['background', 'field', 'lake']
SUFFIXES = ['.gpkg', '.geojson', '.fgb']


def read(path):
    meta, _, geometry, columns = pyogrio.raw.read(path)
    return meta, shapely.from_wkb(geometry), dict(zip(meta['fields'], columns, strict=True))


@pytest.fixture
def class_map() -> np.ndarray:
    values = np.kron(np.random.default_rng(0).integers(0, 3, (20, 30)), np.ones((7, 5))).astype('uint8')
    values[50:80, 40:90], values[60:70, 50:60] = 1, 2  # a field with a lake in it
    values[:9] = 255
    return values


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_areas_add_up_to_the_pixels_of_each_class(make_raster, tmp_path, monkeypatch, class_map, suffix):
    monkeypatch.setattr('mmrs.geo.vector.CHUNK_PIXELS', 2000)  # many chunks
    path = tmp_path / f'out{suffix}'
    count = polygonize(make_raster(class_map, nodata=255), path, NAMES, skip=[0])
    meta, polygons, fields = read(path)
    assert len(polygons) == count and set(fields['class']) == {'field', 'lake'}
    assert CRS.from_user_input(meta['crs']).to_epsg() == (4326 if suffix == '.geojson' else 32633)
    for value in (1, 2):
        chosen = fields['class_id'] == value
        pixels = (class_map == value).sum()
        assert fields['pixels'][chosen].sum() == pixels
        assert fields['area_m2'][chosen].sum() == pytest.approx(pixels * 100)
        if suffix != '.geojson':
            assert shapely.area(polygons[chosen]).sum() == pytest.approx(pixels * 100)
    if suffix != '.geojson':
        west, south, east, north = shapely.total_bounds(polygons)
        assert west >= 500000 and north <= 5400000 - 90 and east <= 501500 and south >= 5400000 - 1400


def test_geojson_follows_rfc_7946(make_raster, tmp_path, class_map):
    polygonize(make_raster(class_map), tmp_path / 'out.geojson', NAMES)
    document = json.loads((tmp_path / 'out.geojson').read_text())
    rings = [shapely.LinearRing(ring) for f in document['features'] for ring in f['geometry']['coordinates'][:1]]
    assert 'crs' not in document and all(ring.is_ccw for ring in rings)
    longitude, latitude = rings[0].coords[0]
    assert 14.9 < longitude < 15.1 and 48.6 < latitude < 48.9


def test_small_regions_and_straight_outlines(make_raster, tmp_path, class_map):
    scene = make_raster(class_map, nodata=255)
    polygonize(scene, tmp_path / 'all.gpkg', NAMES)
    kept = polygonize(scene, tmp_path / 'large.gpkg', NAMES, min_area=10_000, simplify=3)
    _, polygons, fields = read(tmp_path / 'large.gpkg')
    _, everything, all_fields = read(tmp_path / 'all.gpkg')
    assert kept == (all_fields['area_m2'] >= 10_000).sum() < len(everything)
    assert fields['area_m2'].min() >= 10_000 and all(shapely.is_valid(polygons))
    assert shapely.get_num_coordinates(polygons).sum() < shapely.get_num_coordinates(everything).sum()


@pytest.mark.parametrize(
    'crs, transform, area',
    [
        ('EPSG:4326', Affine(1e-5, 0, 10, 0, -1e-5, 60), 1e-10 * 55_799.4 * 111_415.0),
        ('EPSG:3857', Affine(1, 0, 1e6, 0, -1, 8.4e6), 0.25),  # 60 degrees north: twice too long in Mercator
        ('EPSG:2263', Affine(1, 0, 1e6, 0, -1, 2e5), 0.3048006096**2),  # US feet
        ('EPSG:32633', Affine(0, 2, 5e5, 3, 0, 5.4e6), 6),  # turned by 90 degrees
    ],
)
def test_square_metres_in_any_reference_system(make_raster, tmp_path, crs, transform, area):
    polygonize(make_raster(np.ones((40, 50), 'uint8'), crs=crs, transform=transform), tmp_path / 'o.gpkg', NAMES)
    _, _, fields = read(tmp_path / 'o.gpkg')
    assert fields['area_m2'][0] == pytest.approx(2000 * area, rel=0.01)


def test_map_without_crs_has_pixel_coordinates_and_no_metres(make_raster, tmp_path):
    scene = make_raster(np.ones((4, 5), 'uint8'), crs=None, transform=None)
    with pytest.warns(GeoreferenceWarning):
        polygonize(scene, tmp_path / 'o.gpkg', NAMES)
    meta, polygons, fields = read(tmp_path / 'o.gpkg')
    assert polygons[0].bounds == (0, 0, 5, 4) and 'area_m2' not in fields and fields['pixels'][0] == 20
    with pytest.warns(GeoreferenceWarning), pytest.raises(RasterError, match='longitudes and latitudes'):
        polygonize(scene, tmp_path / 'o.geojson', NAMES)
    assert not (tmp_path / 'o.geojson').exists()


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_nothing_found_is_an_empty_layer(make_raster, tmp_path, suffix):
    assert polygonize(make_raster(np.zeros((4, 5), 'uint8')), tmp_path / f'o{suffix}', NAMES, skip=[0]) == 0
    _, polygons, fields = read(tmp_path / f'o{suffix}')
    assert len(polygons) == 0 and (suffix == '.geojson' or 'class' in fields)


def test_same_map_same_bytes(make_raster, tmp_path, class_map):
    contents = []
    for _ in range(2):
        polygonize(make_raster(class_map), tmp_path / 'o.gpkg', NAMES)
        contents.append((tmp_path / 'o.gpkg').read_bytes())
    assert contents[0] == contents[1]


def test_oriented_and_upright_boxes(tmp_path):
    oriented = np.array([[100, 50, 40, 10, math.pi / 6]])
    corners = box_corners(oriented)[0]
    edge = corners[1] - corners[0]
    assert np.hypot(*edge) == pytest.approx(40) and math.atan2(edge[1], edge[0]) == pytest.approx(math.pi / 6)
    np.testing.assert_allclose(corners.mean(0), [100, 50])
    transform, crs = Affine(0.5, 0, 5e5, 0, -0.5, 5.4e6), CRS.from_epsg(32633)
    assert write_boxes(oriented, tmp_path / 'o.gpkg', NAMES, [2], [0.75], crs, transform) == 1
    _, polygons, fields = read(tmp_path / 'o.gpkg')
    assert (fields['class'][0], fields['score'][0], fields['angle'][0]) == ('lake', 0.75, math.pi / 6)
    assert polygons[0].area == pytest.approx(100)
    assert polygons[0].centroid.coords[0] == pytest.approx((500050, 5399975), abs=1e-6)
    write_boxes([[1, 2, 5, 4]], tmp_path / 'h.gpkg', NAMES, [7], [1], crs, Affine.identity())
    _, polygons, fields = read(tmp_path / 'h.gpkg')
    assert polygons[0].bounds == (1, 2, 5, 4) and fields['class'][0] == '7' and 'angle' not in fields
    assert write_boxes(np.zeros((0, 5)), tmp_path / 'n.fgb', NAMES, [], [], crs, transform) == 0
    with pytest.raises(ValueError):
        write_boxes([[1, 2, 3]], tmp_path / 'x.gpkg', NAMES, [0], [1])


def test_bad_maps_and_outputs(make_raster, tmp_path, class_map, full_disk):
    with pytest.raises(RasterError, match='expected a class map'):
        polygonize(make_raster(np.zeros((2, 4, 4), 'uint8')), tmp_path / 'o.gpkg', NAMES)
    with pytest.raises(RasterError, match='expected a class map'):
        polygonize(make_raster(np.zeros((1, 4, 4), 'float32')), tmp_path / 'o.gpkg', NAMES)
    scene = make_raster(class_map)
    with pytest.raises(RasterError, match='suffix .shp'):
        polygonize(scene, tmp_path / 'o.shp', NAMES)
    (tmp_path / 'file').touch()
    with pytest.raises(RasterError, match='cannot be written'):
        polygonize(scene, tmp_path / 'file' / 'o.gpkg', NAMES)
    (tmp_path / 'out').mkdir()
    for suffix in SUFFIXES:
        (tmp_path / 'out' / f'o{suffix}').write_text('older')
        with full_disk(10_000), pytest.raises(RasterError, match='cannot be written'):
            polygonize(scene, tmp_path / 'out' / f'o{suffix}', NAMES)
        assert (tmp_path / 'out' / f'o{suffix}').read_text() == 'older'
    assert len(list((tmp_path / 'out').iterdir())) == len(SUFFIXES)
