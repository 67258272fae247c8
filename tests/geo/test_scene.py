from __future__ import annotations

import math
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from mmrs.errors import RasterError
from mmrs.geo.georeference import apply
from mmrs.geo.scene import GeoreferenceWarning, Scene, find_scenes

RNG = np.random.default_rng(0)


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32', 'float64', 'complex64'])
def test_reads_windows_in_the_files_own_dtype(make_raster, dtype):
    pixels = RNG.integers(0, 200, (3, 40, 50)).astype(dtype)
    with Scene(make_raster(pixels)) as scene:
        window = scene.read(Window(7, 5, 20, 30))
        assert window.dtype == dtype and scene.dtype == dtype
        np.testing.assert_array_equal(window, pixels[:, 5:35, 7:27])
        assert (scene.height, scene.width, scene.bands) == (40, 50, (1, 2, 3))
        assert scene.gsd == (10, 10)


def test_reads_a_window_at_fewer_pixels_averaged(make_raster):
    pixels = RNG.integers(0, 200, (2, 40, 48)).astype('float32')
    pixels[:, 8:10, 4:6] = -1
    with Scene(make_raster(pixels, nodata=-1)) as scene:
        window = Window(4, 8, 32, 16)
        coarse = scene.read(window, (8, 16))
        means = pixels[:, 8:24, 4:36].reshape(2, 8, 2, 16, 2).mean((2, 4))
        np.testing.assert_allclose(coarse.reshape(2, -1)[:, 1:], means.reshape(2, -1)[:, 1:], rtol=1e-5)
        valid = scene.valid(window, coarse, (8, 16))
        assert valid.shape == (8, 16) and not valid[0, 0] and valid.sum() == 127
        np.testing.assert_array_equal(scene.valid(window, shape=(8, 16)), valid)


def test_the_files_mask_is_read_at_fewer_pixels_too(make_raster):
    path = make_raster(np.ones((1, 16, 16), 'uint8'))
    with rasterio.open(path, 'r+') as file:
        file.write_mask(np.repeat(np.arange(16)[:, None] >= 8, 16, 1))
    with Scene(path) as scene:
        np.testing.assert_array_equal(scene.valid(shape=(4, 4)), np.arange(4)[:, None].repeat(4, 1) >= 2)


def test_threads_of_decoding_can_be_bounded(make_raster):
    path = make_raster(np.ones((1, 4, 4), 'uint8'))
    for threads, expected in ((1, 1), (None, 'ALL_CPUS')):
        with Scene(path, threads=threads) as scene, scene._reading(None):
            assert rasterio.env.getenv()['GDAL_NUM_THREADS'] == expected


def test_selects_bands_by_number_and_name_in_the_order_asked(make_raster):
    pixels = RNG.integers(0, 200, (3, 8, 8)).astype('uint8')
    path = make_raster(pixels)
    with rasterio.open(path, 'r+') as file:
        file.descriptions = ('red', 'green', 'nir')
    with Scene(path, bands=['nir', 1]) as scene:
        assert scene.bands == (3, 1) and scene.band_names == ('nir', 'red')
        np.testing.assert_array_equal(scene.read(), pixels[[2, 0]])


def test_pixel_is_invalid_only_where_every_band_is_nodata(make_raster):
    pixels = np.ones((2, 4, 4), 'uint16')
    pixels[0, 0], pixels[1, :, 0] = 0, 0
    with Scene(make_raster(pixels, nodata=0)) as scene:
        expected = np.ones((4, 4), bool)
        expected[0, 0] = False
        np.testing.assert_array_equal(scene.valid(), expected)
        np.testing.assert_array_equal(scene.valid(Window(0, 0, 2, 1), scene.read(Window(0, 0, 2, 1))), expected[:1, :2])


def test_nan_is_missing_declared_or_not(make_raster):
    pixels = np.ones((1, 3, 3), 'float32')
    pixels[0, 1, 1] = np.nan
    for nodata in (None, float('nan'), -9999):
        with Scene(make_raster(pixels, nodata=nodata)) as scene:
            assert scene.valid().sum() == 8 and not scene.valid()[1, 1]


def test_nodata_that_the_dtype_cannot_hold_matches_nothing(make_raster):
    with Scene(make_raster(np.zeros((1, 3, 3), 'uint8')), nodata=-9999) as scene:
        assert scene.valid().all()


def test_nodata_per_band_from_a_vrt_and_from_the_caller(make_raster, tmp_path):
    pixels = np.array([[[1, 2, 3]], [[7, 2, 7]]], 'int16')
    source = make_raster(pixels)
    bands = ''.join(
        f'<VRTRasterBand dataType="Int16" band="{band}"><NoDataValue>{nodata}</NoDataValue><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{source.name}</SourceFilename><SourceBand>{band}</SourceBand>'
        '</SimpleSource></VRTRasterBand>'
        for band, nodata in ((1, 1), (2, 7))
    )
    vrt = tmp_path / 'scene.vrt'
    vrt.write_text(f'<VRTDataset rasterXSize="3" rasterYSize="1">{bands}</VRTDataset>')
    with pytest.warns(GeoreferenceWarning), Scene(vrt) as scene:
        assert scene.nodata == (1, 7)
        np.testing.assert_array_equal(scene.valid(), [[False, True, True]])
    with Scene(source, nodata=[3, 7]) as scene:
        np.testing.assert_array_equal(scene.valid(), [[True, True, False]])
    with pytest.raises(RasterError, match='3 nodata values'):
        Scene(source, nodata=[3, 7, 1])


def test_alpha_band_is_mask_unless_it_is_asked_for(make_raster):
    pixels = np.full((4, 2, 2), 9, 'uint8')
    pixels[3] = [[0, 255], [255, 255]]
    path = make_raster(pixels, photometric='RGB', alpha='YES')
    with Scene(path) as scene:
        assert scene.bands == (1, 2, 3)
        np.testing.assert_array_equal(scene.valid(), [[False, True], [True, True]])
    with Scene(path, bands=[1, 2, 3, 4]) as scene:
        assert scene.valid().all()


def test_band_called_alpha_beside_a_nodata_value_is_data(make_raster):
    path = make_raster(np.full((4, 2, 2), 9, 'uint8'), nodata=0)
    with rasterio.open(path, 'r+') as file:
        file.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    with Scene(path) as scene:
        assert scene.bands == (1, 2, 3, 4)


def test_internal_mask(make_raster, tmp_path):
    mask = np.array([[0, 255], [255, 255]], 'uint8')
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(tmp_path / 'm.tif', 'w', driver='GTiff', count=1, height=2, width=2, dtype='uint8') as file,
    ):
        file.write(np.ones((1, 2, 2), 'uint8'))
        file.write_mask(mask)
    with pytest.warns(GeoreferenceWarning), Scene(tmp_path / 'm.tif') as scene:
        np.testing.assert_array_equal(scene.valid(), mask != 0)


def test_palette_image_comes_as_indices(make_raster):
    path = make_raster(np.array([[[0, 1]]], 'uint8'), photometric='palette')
    with rasterio.open(path, 'r+') as file:
        file.write_colormap(1, {0: (255, 0, 0, 255), 1: (0, 0, 255, 255)})
    with Scene(path) as scene:
        assert scene.colormap[1] == (0, 0, 255, 255) and scene.read().tolist() == [[[0, 1]]]


def test_rotated_transform_is_kept_and_measured(make_raster):
    cosine, sine = math.cos(0.5), math.sin(0.5)
    transform = Affine(2 * cosine, 3 * sine, 500000, 2 * sine, -3 * cosine, 5400000)
    with Scene(make_raster(np.zeros((1, 4, 4), 'uint8'), transform=transform)) as scene:
        assert scene.transform.almost_equals(transform)
        assert scene.gsd == pytest.approx((2, 3))


def test_without_crs_says_so_or_refuses(make_raster):
    path = make_raster(np.zeros((1, 4, 4), 'uint8'), crs=None)
    with pytest.warns(GeoreferenceWarning, match='no coordinate reference system'), Scene(path) as scene:
        assert scene.crs is None and scene.gsd is None
    with pytest.raises(RasterError, match='expected a georeferenced raster'):
        Scene(path, require_crs=True)


def test_ground_control_points_on_an_affine_become_the_transform(tmp_path):
    transform = Affine(10, 1, 500000, -1, -10, 5400000)
    corners = [(0, 0), (0, 9), (9, 0), (9, 9)]
    for name, bend in (('straight', 0), ('bent', 40)):
        points = [GroundControlPoint(row, col, *apply(transform, col, row)) for row, col in corners]
        points[0].x += bend
        profile = {'driver': 'GTiff', 'count': 1, 'height': 9, 'width': 9, 'dtype': 'uint8'}
        with rasterio.open(tmp_path / f'{name}.tif', 'w', **profile) as file:
            file.write(np.zeros((1, 9, 9), 'uint8'))
            file.gcps = (points, rasterio.crs.CRS.from_epsg(32633))
    with Scene(tmp_path / 'straight.tif') as scene:
        assert scene.transform.almost_equals(transform, 1e-6) and scene.crs.to_epsg() == 32633
    with pytest.warns(GeoreferenceWarning, match='4 ground control points'), Scene(tmp_path / 'bent.tif') as scene:
        assert scene.crs is None


def test_overview_is_small_and_averages_data_but_not_palettes(make_raster):
    pixels = np.tile(np.array([[0, 100], [100, 200]], 'uint8'), (1, 32, 64))
    with Scene(make_raster(pixels)) as scene:
        overview = scene.overview(64)
    assert overview.shape == (1, 32, 64) and (overview == 100).all()


def test_survives_pickling_threads_and_closing(make_raster):
    pixels = RNG.integers(0, 200, (1, 64, 64)).astype('uint8')
    scene = pickle.loads(pickle.dumps(Scene(make_raster(pixels))))
    barrier = threading.Barrier(4)

    def read(row: int) -> np.ndarray:
        barrier.wait()
        return scene.read(Window(0, row, 64, 16))

    with ThreadPoolExecutor(4) as pool:
        np.testing.assert_array_equal(np.concatenate([*pool.map(read, range(0, 64, 16))], axis=1), pixels)
    scene.close()
    np.testing.assert_array_equal(scene.read(), pixels)


def test_window_outside_the_raster_is_a_mistake_of_the_caller(make_raster):
    with Scene(make_raster(np.zeros((1, 4, 4), 'uint8'))) as scene, pytest.raises(ValueError, match='not inside'):
        scene.read(Window(1, 0, 4, 4))


def test_finds_scenes_in_folders_sorted_and_once(make_raster, tmp_path):
    zeros = np.zeros((1, 2, 2), 'uint8')
    (tmp_path / 'sub').mkdir()
    (tmp_path / '.hidden').mkdir()
    for name in ('b.tif', 'a.TIF', 'sub/c.tif', '.hidden/d.tif'):
        make_raster(zeros, name)
    (tmp_path / 'notes.txt').touch()
    found = find_scenes([tmp_path / 'b.tif', tmp_path])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ['b.tif', 'a.TIF', 'sub/c.tif']
    (tmp_path / 'empty').mkdir()
    for wrong in (tmp_path / 'empty', tmp_path / 'gone.tif', []):
        with pytest.raises(RasterError):
            find_scenes(wrong)


def test_real_scenes(data_dir):
    for path in find_scenes(data_dir / 'geo_scenes'):
        with Scene(path, require_crs=True) as scene:
            corner = Window(scene.width - 9, scene.height - 7, 9, 7)
            assert scene.read(corner).shape == (len(scene.bands), 7, 9)
            assert 0.05 < scene.gsd[0] < 200 and scene.valid(corner).shape == (7, 9)
    with Scene(data_dir / 'geo_scenes' / 'naip_nd_20090818.tif') as scene:
        assert scene.bands == (1, 2, 3, 4)  # the infrared band is called alpha in this file
