"""Mapping of scenes: the map is right, lies where the scene lies, survives kills and leaves nothing half-written."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import Affine, from_origin
from toy_scene import WEIGHTS, brightest_band, expected_map, files, toy_model, write_scene

from mmrs.apis.map_plan import describe, plan_map
from mmrs.apis.map_rows import best_class
from mmrs.apis.map_scene import MapOptions, map_scene
from mmrs.apis.scene_model import SceneModel
from mmrs.errors import ConfigError, RasterError


@pytest.mark.parametrize(('height', 'width'), [(100, 130), (20, 130), (100, 9), (5, 6), (32, 32), (33, 64)])
@pytest.mark.parametrize('options', [{}, {'overlap': 0}, {'blend': 'gaussian', 'overlap': 20}])
def test_map_is_right_at_any_size(tmp_path, height, width, options) -> None:
    pixels = write_scene(tmp_path / 's.tif', height, width)
    result = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', MapOptions(quicklook=False, **options))
    with rasterio.open(result.outputs['classes']) as dataset:
        assert dataset.shape == (height, width) and dataset.dtypes == ('uint8',) and dataset.nodata == 255
        assert np.array_equal(dataset.read(1), expected_map(pixels))


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'int32', 'float32', 'float64'])
def test_every_dtype_and_band_choice(tmp_path, dtype) -> None:
    pixels = write_scene(tmp_path / 's.tif', count=5, dtype=dtype)
    options = MapOptions(bands=[4, 2, 5], quicklook=False)
    result = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', options)
    with rasterio.open(result.outputs['classes']) as dataset:
        assert np.array_equal(dataset.read(1), expected_map(pixels[[3, 1, 4]]))


@pytest.mark.parametrize('transform', [from_origin(5e5, 5e6, 0.5, 0.5), Affine(-0.14, -0.57, 3e5, -0.57, 0.14, 7e6)])
def test_place_is_kept(tmp_path, transform) -> None:
    write_scene(tmp_path / 's.tif', transform=transform, crs='EPSG:32759')
    options = MapOptions(polygons='gpkg', probabilities='percent')
    outputs = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', options).outputs
    for kind in ('classes', 'probabilities'):
        with rasterio.open(outputs[kind]) as dataset:
            assert dataset.crs.to_epsg() == 32759 and dataset.transform.almost_equals(transform)
            assert dataset.shape == (100, 130)
            assert dataset.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'
    import pyogrio

    info = pyogrio.read_info(outputs['polygons'])
    assert info['crs'] == 'EPSG:32759' and info['features'] > 4
    assert outputs['quicklook'].read_bytes().startswith(b'\x89PNG')


def test_no_crs_is_allowed_and_said(tmp_path) -> None:
    write_scene(tmp_path / 's.tif', crs=None, transform=None)
    with pytest.warns(UserWarning, match='no coordinate reference system'):
        result = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', MapOptions(polygons='gpkg'))
    with rasterio.open(result.outputs['classes']) as dataset:
        assert dataset.crs is None
    assert json.loads(result.outputs['sidecar'].read_text())['scene']['crs'] is None


@pytest.mark.filterwarnings('ignore:.*no coordinate reference system')
def test_geojson_without_crs_is_refused_before_any_tile(tmp_path) -> None:
    write_scene(tmp_path / 's.tif', crs=None, transform=None)
    with pytest.raises(RasterError, match='found no coordinate reference system; expected one.*--polygons gpkg'):
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', MapOptions(polygons='geojson'))
    assert not (tmp_path / 'out').exists()


def test_failure_before_the_first_row_leaves_nothing(tmp_path) -> None:
    write_scene(tmp_path / 's.tif', dtype='complex64')
    with pytest.raises(RasterError, match='complex'):
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out')
    assert not list((tmp_path / 'out').iterdir())


def test_probabilities_are_those_of_the_blended_scores(tmp_path) -> None:
    pixels = write_scene(tmp_path / 's.tif', dtype='float32') / 50
    write_scene(tmp_path / 's.tif', dtype='float32')
    model = toy_model(std=[50.0])
    expected = torch.einsum('kc,chw->khw', WEIGHTS, torch.from_numpy(pixels)).softmax(0).numpy()
    for kind, scale, tolerance in (('percent', 100, 0.51), ('float32', 1, 1e-5)):
        result = map_scene(model, tmp_path / 's.tif', tmp_path / kind, MapOptions(probabilities=kind, quicklook=False))
        with rasterio.open(result.outputs['probabilities']) as dataset:
            assert dataset.descriptions == ('red', 'green', 'blue', 'grey')
            assert np.abs(dataset.read() - expected * scale).max() <= tolerance


def test_nodata_stays_nodata_and_costs_nothing(tmp_path) -> None:
    write_scene(tmp_path / 's.tif', 128, 128, nodata=0)
    with rasterio.open(tmp_path / 's.tif', 'r+') as dataset:
        pixels = dataset.read()
        pixels[:, :70] = 0
        dataset.write(pixels)
    options = MapOptions(quicklook=False, probabilities='percent')
    result = map_scene(toy_model(overlap=0), tmp_path / 's.tif', tmp_path / 'out', options)
    with rasterio.open(result.outputs['classes']) as dataset:
        labels = dataset.read(1)
    assert (labels[:70] == 255).all() and np.array_equal(labels[70:], expected_map(pixels[:, 70:]))
    with rasterio.open(result.outputs['probabilities']) as dataset:
        assert (dataset.read()[:, :70] == 255).all()
    assert (result.tiles_run, result.tiles_empty) == (8, 8)
    assert sum(result.shares.values()) == pytest.approx(1, abs=1e-5)


def test_nan_is_nodata(tmp_path) -> None:
    pixels = write_scene(tmp_path / 's.tif', dtype='float32')
    pixels[:, 10:40, 50:90] = np.nan
    with rasterio.open(tmp_path / 's.tif', 'r+') as dataset:
        dataset.write(pixels)
    result = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', MapOptions(quicklook=False))
    with rasterio.open(result.outputs['classes']) as dataset:
        labels = dataset.read(1)
    hole = np.isnan(pixels[0])
    assert (labels[hole] == 255).all()
    assert np.array_equal(labels[~hole], expected_map(np.nan_to_num(pixels))[~hole])


def test_more_classes_than_bytes(tmp_path) -> None:
    pixels = write_scene(tmp_path / 's.tif', count=1)
    model = SceneModel(
        lambda x: -(x - torch.arange(300).view(1, -1, 1, 1)).abs(),
        [f'c{i}' for i in range(300)],
        channels=1,
        tile=64,
        overlap=16,
    )
    result = map_scene(model, tmp_path / 's.tif', tmp_path / 'out')
    with rasterio.open(result.outputs['classes']) as dataset:
        assert dataset.dtypes == ('uint16',) and dataset.nodata == 65535
        assert np.array_equal(dataset.read(1), pixels[0])


@pytest.mark.parametrize('classes', [2, 6, 254, 300])
def test_ties_take_the_first_class_as_argmax_does(classes) -> None:
    """The map compares planes for speed; it must not differ from argmax where scores are equal."""
    scores = torch.randint(0, 3, (classes, 64, 64)).float().numpy()
    strided = np.tile(scores, (1, 2, 2))[:, 16:80, 16:80]
    for array in (scores, strided):
        best, labels = best_class(array)
        assert np.array_equal(labels, array.argmax(0)) and np.array_equal(best, array.max(0))
        if torch.cuda.is_available():
            best, labels = best_class(torch.from_numpy(array).cuda())
            assert np.array_equal(labels.cpu(), array.argmax(0)) and np.array_equal(best.cpu(), array.max(0))


@pytest.mark.parametrize('cores', [1, 64])
def test_blending_beside_the_network_gives_the_same_bytes(tmp_path, monkeypatch, cores) -> None:
    """On a free core tiles are blended while the network goes on."""
    write_scene(tmp_path / 's.tif')
    expected = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'expected').outputs['classes'].read_bytes()
    monkeypatch.setattr('os.cpu_count', lambda: cores)
    got = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out').outputs['classes'].read_bytes()
    assert got == expected


def test_sidecar_says_what_made_the_map(tmp_path) -> None:
    write_scene(tmp_path / 's.tif')
    result = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out')
    record = json.loads(result.outputs['sidecar'].read_text())
    assert record['model'] == {'name': 'toy'} and record['scene']['gsd_metres'] == [0.5, 0.5]
    assert record['settings']['tile'] == 32 and record['run']['tiles_run'] == result.tiles_run
    assert [entry['name'] for entry in record['classes']] == ['red', 'green', 'blue', 'grey']
    assert set(record['outputs']) == {'classes', 'quicklook', 'sidecar'}


def test_finished_maps_are_kept_and_others_protected(tmp_path) -> None:
    write_scene(tmp_path / 's.tif')
    first = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out')
    before = files(tmp_path / 'out')
    assert not first.kept and map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out').kept
    assert files(tmp_path / 'out') == before
    with pytest.raises(RasterError, match='another run.*--overwrite'):
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', MapOptions(overlap=0))
    assert files(tmp_path / 'out') == before
    replaced = map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', MapOptions(overlap=0, overwrite=True))
    assert not replaced.kept


def test_dry_run_writes_nothing(tmp_path) -> None:
    write_scene(tmp_path / 's.tif')
    plan = plan_map(toy_model(), tmp_path / 's.tif', tmp_path / 'out', MapOptions(polygons='gpkg'))
    with plan.scene:
        text = describe(plan, MapOptions())
    assert '24 tiles (4 rows of 6)' in text and 's_polygons.gpkg' in text and 'MiB' in text
    assert not (tmp_path / 'out').exists()


def test_memory_estimate_does_not_know_the_height(tmp_path) -> None:
    for height in (500, 5000):
        write_scene(tmp_path / f'{height}.tif', height=height)
    plans = [plan_map(toy_model(), tmp_path / f'{n}.tif', tmp_path, MapOptions(overlap=0)) for n in (500, 5000)]
    estimates = [plan.memory() for plan in plans]
    for plan in plans:
        plan.scene.close()
    assert estimates[1] == pytest.approx(estimates[0], rel=0.01)


def test_all_nodata_is_an_error(tmp_path) -> None:
    write_scene(tmp_path / 's.tif', nodata=0)
    with rasterio.open(tmp_path / 's.tif', 'r+') as dataset:
        dataset.write(np.zeros((3, 100, 130), np.uint8))
    with pytest.raises(RasterError, match='no valid pixel'):
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out')
    assert not list((tmp_path / 'out').iterdir())


@pytest.mark.parametrize('count', [1, 2, 5])
def test_wrong_band_count_names_both(tmp_path, count) -> None:
    write_scene(tmp_path / 's.tif', count=count)
    with pytest.raises(RasterError, match=rf'{count} band.*3 bands.*--bands'):
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


def test_truncated_scene_leaves_nothing(tmp_path) -> None:
    write_scene(tmp_path / 's.tif', 400, 400, block=1)
    data = (tmp_path / 's.tif').read_bytes()
    (tmp_path / 's.tif').write_bytes(data[: len(data) // 2])
    with pytest.raises(RasterError, match='s.tif'):
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out')
    assert not files(tmp_path / 'out')
    (tmp_path / 'empty.tif').write_bytes(b'')
    with pytest.raises(RasterError, match='0 bytes'):
        map_scene(toy_model(), tmp_path / 'empty.tif', tmp_path / 'out')


def test_unwritable_output_is_an_error(tmp_path) -> None:
    write_scene(tmp_path / 's.tif')
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(RasterError, match='cannot be written'):
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'file' / 'out')


def test_scores_that_are_not_finite_are_an_error(tmp_path) -> None:
    write_scene(tmp_path / 's.tif')
    model = toy_model()
    model.network = lambda pixels: brightest_band(pixels).masked_fill_(pixels[:, :1] > 150, float('nan'))
    with pytest.raises(RasterError, match='not finite'):
        map_scene(model, tmp_path / 's.tif', tmp_path / 'out')


def test_network_of_another_size_is_an_error(tmp_path) -> None:
    write_scene(tmp_path / 's.tif')
    model = toy_model()
    model.network = lambda pixels: brightest_band(pixels)[:, :, ::2, ::2]
    with pytest.raises(ConfigError, match=r'\(3, 4, 16, 16\)'):
        map_scene(model, tmp_path / 's.tif', tmp_path / 'out')


@pytest.mark.parametrize(
    'options', [{'tile': 0}, {'overlap': 32}, {'overlap': -1}, {'batch_size': 0}, {'blend': 'x'}, {'polygons': 'shp'}]
)
def test_impossible_options_are_refused(tmp_path, options) -> None:
    write_scene(tmp_path / 's.tif')
    with pytest.raises(ConfigError):
        map_scene(toy_model(), tmp_path / 's.tif', tmp_path / 'out', MapOptions(**options))


@pytest.mark.parametrize(
    ('name', 'bands'),
    [
        ('drone_rgb_2048_a', None),
        ('naip_nd_20090818', [1, 2, 3]),
        ('sentinel2_l1c_T60HWB_13band', [4, 3, 2]),
        ('landsat_2667_uint16', [1, 1, 1]),
        ('umbra_mount_yasur_sar', [1, 1, 1]),
    ],
)
def test_real_scenes_keep_their_place(data_dir, tmp_path, name, bands) -> None:
    scene = data_dir / 'geo_scenes' / f'{name}.tif'
    model = toy_model(tile=512, overlap=64, mean=[100.0], std=[50.0])
    result = map_scene(model, scene, tmp_path, MapOptions(bands=bands))
    with rasterio.open(scene) as source, rasterio.open(result.outputs['classes']) as made:
        assert (made.crs, made.shape) == (source.crs, source.shape)
        assert made.transform.almost_equals(source.transform)
        assert set(np.unique(made.read(1))) <= {0, 1, 2, 3, 255}
