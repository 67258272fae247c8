"""Whole-scene detection with a detector whose answer is known."""

import json

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
import torch
from mmengine.structures import InstanceData
from PIL import Image
from rasterio.transform import from_origin
from scipy.ndimage import find_objects, label

from mmrs.apis.box_store import BoxStore
from mmrs.apis.detect_scene import detect_scene, plan_detection
from mmrs.apis.detector import DetectionModel
from mmrs.apis.map_plan import MapOptions
from mmrs.apis.merge_boxes import Boxes
from mmrs.errors import ConfigError, RasterError

PLACE = from_origin(5e5, 5e6, 0.5, 0.5)
OBJECTS = [(10, 12, 30, 20), (50, 40, 75, 75), (110, 5, 125, 35), (60, 100, 69, 118), (140, 90, 158, 110)]


def write_scene(path, dtype='uint8'):
    pixels = np.zeros((1, 120, 160), dtype)
    for index, (left, top, right, bottom) in enumerate(OBJECTS):
        pixels[0, top:bottom, left:right] = 100 + index % 2 * 100
    profile = dict(driver='GTiff', height=120, width=160, count=1, dtype=dtype, crs='EPSG:32633', transform=PLACE)
    with rasterio.open(path, 'w', **profile) as dataset:
        dataset.write(pixels)
    return path


def blobs(pixels):
    """Boxes around what is bright, cut at the tile's edges as a real detector's are."""
    found = []
    for image in pixels[:, 0].numpy():
        places = find_objects(label(image > 50)[0])
        boxes = [[columns.start, rows.start, columns.stop, rows.stop] for rows, columns in places]
        labels = [int(image[place].max() > 150) for place in places]
        found.append(
            InstanceData(
                bboxes=torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
                scores=torch.full((len(boxes),), 0.75),
                labels=torch.tensor(labels, dtype=torch.long),
            )
        )
    return found


def toy(network=blobs, **changes):
    options = dict(channels=1, tile=64, overlap=40, batch_size=2, identity={'name': 'toy'})
    return DetectionModel(network, ['house', 'pond'], **{**options, **changes})


def test_every_object_is_found_once_and_lies_where_it_is(tmp_path):
    steps = []
    result = detect_scene(toy(), write_scene(tmp_path / 's.tif'), tmp_path / 'out', progress=lambda *a: steps.append(a))
    assert result.counts == {'house': 3, 'pond': 2} and steps[-1] == (steps[-1][1],) * 2
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['s.json', 's_boxes.gpkg', 's_quicklook.png']
    meta, _, geometry, columns = pyogrio.raw.read(tmp_path / 'out' / 's_boxes.gpkg')
    assert meta['crs'] == 'EPSG:32633' and list(meta['fields']) == ['class_id', 'class', 'score']
    bounds = shapely.bounds(shapely.from_wkb(geometry))
    expected = [(5e5 + x1 / 2, 5e6 - y2 / 2, 5e5 + x2 / 2, 5e6 - y1 / 2) for x1, y1, x2, y2 in OBJECTS]
    np.testing.assert_allclose(bounds[np.lexsort(bounds.T)], np.array(expected)[np.lexsort(np.array(expected).T)])
    assert set(columns[1]) == {'house', 'pond'} and (columns[2] == 0.75).all()
    record = json.loads((tmp_path / 'out' / 's.json').read_text())
    assert record['classes'][1]['count'] == 2 and record['settings']['merge_iou'] == 0.5
    picture = np.array(Image.open(tmp_path / 'out' / 's_quicklook.png').convert('RGB'))
    for colour in toy().palette:
        assert (np.abs(picture.astype(int) - colour).sum(-1) < 30).sum() > 200, 'outlines and legend in every colour'


def slanted(pixels):
    """One oriented box, standing in the way mmrotate's angles may: w below h, beyond a quarter turn."""
    boxes = torch.tensor([[30.0, 30, 8, 20, 0.5]])
    return [InstanceData(bboxes=boxes, scores=torch.tensor([0.9]), labels=torch.tensor([1])) for _ in pixels]


def test_oriented_boxes_are_written_along_their_longer_side(tmp_path):
    model = toy(slanted, oriented=True, tile=160, overlap=0)
    detect_scene(model, write_scene(tmp_path / 's.tif'), tmp_path)
    meta, _, geometry, columns = pyogrio.raw.read(tmp_path / 's_boxes.gpkg')
    assert list(meta['fields']) == ['class_id', 'class', 'score', 'angle']
    assert columns[3][0] == pytest.approx(0.5 - np.pi / 2, abs=1e-6)
    polygon = shapely.from_wkb(geometry)[0]
    assert polygon.area == pytest.approx(8 * 20 / 4)
    assert (polygon.centroid.x, polygon.centroid.y) == pytest.approx((5e5 + 15, 5e6 - 15))
    # The longer side runs from the lower left to the upper right on the map, at 0.5 - pi / 2 in the image (y down).
    xs, ys = np.array(polygon.exterior.coords).T
    sides = np.hypot(np.diff(xs), np.diff(ys))
    long = int(sides.argmax())
    slope = np.arctan2(np.diff(ys)[long], np.diff(xs)[long]) % np.pi
    assert slope == pytest.approx((np.pi / 2 - 0.5) % np.pi, abs=1e-5)


def test_the_same_run_is_kept_and_another_refused(tmp_path):
    scene = write_scene(tmp_path / 's.tif')
    detect_scene(toy(), scene, tmp_path / 'out')
    assert detect_scene(toy(), scene, tmp_path / 'out').kept
    with pytest.raises(RasterError, match='outputs of another run.*--overwrite'):
        detect_scene(toy(score=0.5), scene, tmp_path / 'out')
    assert not detect_scene(toy(score=0.8), scene, tmp_path / 'out', MapOptions(overwrite=True)).counts['house']


def test_a_scene_without_objects_gives_an_empty_file(tmp_path):
    detect_scene(toy(score=0.8), write_scene(tmp_path / 's.tif'), tmp_path, MapOptions(polygons='geojson'))
    assert len(pyogrio.raw.read(tmp_path / 's_boxes.geojson')[2]) == 0


def test_a_failing_network_leaves_nothing_behind(tmp_path):
    def broken(pixels):
        raise RuntimeError('out of memory')

    with pytest.raises(RuntimeError):
        detect_scene(toy(broken), write_scene(tmp_path / 's.tif'), tmp_path / 'out')
    assert not (tmp_path / 'out').exists() or not list((tmp_path / 'out').iterdir())


def test_what_a_detector_cannot_give_is_refused(tmp_path):
    scene = write_scene(tmp_path / 's.tif')
    with pytest.raises(ConfigError, match='a detector has no class map'):
        plan_detection(toy(), scene, tmp_path, MapOptions(probabilities='percent'))
    with pytest.raises(ConfigError, match='4 numbers a box'):
        detect_scene(toy(oriented=True), scene, tmp_path)


def test_a_broken_run_goes_on_and_finds_the_same(tmp_path):
    scene = write_scene(tmp_path / 's.tif')
    whole = detect_scene(toy(), scene, tmp_path / 'whole')
    calls = []

    def breaks_off(pixels):
        calls.append(len(pixels))
        if sum(calls) > 8:
            raise RuntimeError('power cut')
        return blobs(pixels)

    with pytest.raises(RuntimeError, match='power cut'):
        detect_scene(toy(breaks_off), scene, tmp_path / 'out')
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['.s.partial']
    told = []
    result = detect_scene(toy(), scene, tmp_path / 'out', notify=told.append)
    assert 'going on at row 2 of 4' in told[0] and result.counts == whole.counts
    assert (result.tiles_run, result.tiles_resumed) == (whole.tiles_run - 5, 5)
    geometry = [pyogrio.raw.read(tmp_path / name / 's_boxes.gpkg')[2] for name in ('whole', 'out')]
    assert (geometry[0] == geometry[1]).all()
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['s.json', 's_boxes.gpkg', 's_quicklook.png']


def test_rows_of_another_run_are_discarded(tmp_path):
    scene = write_scene(tmp_path / 's.tif')
    store = BoxStore(tmp_path / '.s.partial', 'another key')
    store.write(0, [], 5)
    told = []
    assert detect_scene(toy(), scene, tmp_path, notify=told.append).tiles_resumed == 0
    assert 'discarded (scene, model or settings have changed since)' in told[0]


def test_the_store_reads_what_is_whole(tmp_path):
    boxes = Boxes(np.ones((3, 5), np.float32), np.array([0.5, 0.6, 0.7], np.float32), np.arange(3))
    store = BoxStore(tmp_path / 'store', 'key')
    store.write(0, [(2, boxes[np.array([0])]), (4, boxes[np.array([1, 2])])], 5)
    store.write(1, [], 0)
    store.write(2, [(0, boxes)], 5)
    (tmp_path / 'store' / 'row-000002.npz').write_bytes(b'PK broken')
    again = BoxStore(tmp_path / 'store', 'key')
    assert [tiles for _, tiles in again.rows] == [5, 0] and not again.discarded
    assert [column for column, _ in again.rows[0][0]] == [2, 4]
    assert again.rows[0][0][1][1].scores.tolist() == boxes.scores[1:].tolist()
    assert not BoxStore(tmp_path / 'store', 'key', resume=False).rows and not (tmp_path / 'store').exists()


def test_boxes_where_the_scene_holds_nothing_are_dropped(tmp_path):
    path = tmp_path / 's.tif'
    pixels = np.full((1, 64, 128), 50, np.uint8)
    pixels[:, :, 70:] = 0
    profile = dict(driver='GTiff', height=64, width=128, count=1, dtype='uint8', crs='EPSG:32633', nodata=0)
    with rasterio.open(path, 'w', transform=PLACE, **profile) as dataset:
        dataset.write(pixels)

    def three(tiles):  # on data, across its edge, on nothing
        boxes = torch.tensor([[10.0, 10, 30, 30], [60, 10, 76, 30], [90, 10, 110, 30], [66, 40, 90, 60]])
        one = InstanceData(bboxes=boxes, scores=torch.full((4,), 0.9), labels=torch.zeros(4, dtype=torch.long))
        return [one for _ in tiles]

    result = detect_scene(toy(three, tile=128, overlap=0), path, tmp_path / 'out')
    bounds = shapely.bounds(shapely.from_wkb(pyogrio.raw.read(result.outputs['boxes'])[2]))
    assert sorted(((bounds[:, 0] - 5e5) * 2).tolist()) == [10, 60]
