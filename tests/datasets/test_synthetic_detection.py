"""Synthetic boxes: where the objects are, the same again by seed, in layouts that catalogue and hosts read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from mmrs.datasets.boxes import read_boxes
from mmrs.datasets.catalogue import get
from mmrs.datasets.synthetic import LAYOUTS, Plan, draw_detection, draw_scene, write_detection
from mmrs.datasets.synthetic.detection import NAMES
from mmrs.datasets.verify import verify_dataset
from mmrs.errors import DataError

PLAN = Plan(seed=1, train=4, val=2, tile=128, scene_size=192, gsd=0.5)


@pytest.fixture(scope='module')
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp('boxes')
    return {name: write_detection(folder / name, PLAN, layout=name) for name in LAYOUTS}


def test_a_scene_repeats_itself_and_changes_with_the_seed() -> None:
    one, two, other = (draw_detection(seed, 256, 256) for seed in (4, 4, 5))
    assert one.optical.tobytes() == two.optical.tobytes() and one.sar.tobytes() == two.sar.tobytes()
    assert (one.quads == two.quads).all() and one.names == two.names and len(one.names) > 3
    assert one.optical.tobytes() != other.optical.tobytes()


def test_objects_are_where_the_boxes_are_in_both_images() -> None:
    """What stands on a spot differs from what is around it in colour, and radar sees steel beside it (layover)."""
    scene = draw_detection(2, 768, 768, 0.5)
    rows, columns = np.mgrid[:768, :768] + 0.5
    trucks = [quad for quad, name in zip(scene.quads, scene.names, strict=True) if name == 'large-vehicle']
    near = [shapely.buffer(shapely.Polygon(quad), 8) for quad in trucks]
    bright = [np.quantile(scene.sar[shapely.contains_xy(one, columns, rows)], 0.8) for one in near]
    assert len(trucks) > 5 and np.mean(np.array(bright) > np.median(scene.sar) + 4) > 0.8
    inside = shapely.contains_xy(shapely.multipolygons(shapely.polygons(trucks)), columns, rows)
    around = shapely.contains_xy(shapely.union_all(near), columns, rows) & ~inside
    assert scene.optical[inside].std() > 1.3 * scene.optical[around].std()


def test_boxes_have_every_angle_and_turn_into_centre_size_and_angle() -> None:
    scene = draw_detection(3, 1024, 1024)
    angles = np.degrees(scene.rboxes[:, 4]) % 180
    assert len(np.unique(angles // 20)) >= 7
    first = scene.rboxes[0].astype(float)
    half = np.array([np.cos(first[4]), np.sin(first[4])]) * first[2] / 2
    assert np.allclose(first[:2] + half, scene.quads[0, 1:3].mean(0), atol=0.01)
    assert set(scene.names) <= set(NAMES['dota'].values())


def test_landscapes_without_objects_are_as_before() -> None:
    assert draw_scene(3, 64, 64).world.things == []


@pytest.mark.parametrize('name', LAYOUTS)
def test_layouts_are_those_of_the_catalogue(roots: dict[str, Path], name: str) -> None:
    dataset = get(LAYOUTS[name].dataset)
    checked = verify_dataset(dataset, roots[name], partial=True)
    assert [problem.text for split in checked for problem in split.problems] == []
    assert sum(split.samples for split in checked if split.name != 'all') == 6
    boxes = [
        box for path in (*roots[name].rglob('*.xml'), *roots[name].rglob('labelTxt/*')) for box in read_boxes(path)
    ]
    assert name == 'dior' or (len(boxes) > 3 and {box.name for box in boxes} <= set(dataset.classes))


@pytest.mark.parametrize('name', LAYOUTS)
def test_the_scene_lies_on_the_map_with_its_boxes(roots: dict[str, Path], name: str) -> None:
    with rasterio.open(roots[name] / 'scene.tif') as scene:
        assert scene.crs == 'EPSG:32632' and scene.shape == (192, 192) and scene.res == (0.5, 0.5)
        assert scene.count == (4 if name == 'm4-sar' else 3)
        extent = shapely.box(*scene.bounds)
    meta, _, geometry, columns = pyogrio.raw.read(roots[name] / 'scene_boxes.gpkg')
    assert meta['crs'] == 'EPSG:32632' and set(columns[1]) <= set(get(LAYOUTS[name].dataset).classes)
    assert shapely.within(shapely.centroid(shapely.from_wkb(geometry)), extent).all()
    assert len(columns) == (4 if LAYOUTS[name].oriented else 3)


def test_hosts_read_the_layouts(roots: dict[str, Path]) -> None:
    import mmrotate.datasets  # noqa: F401
    from mmengine.registry import DATASETS

    common = dict(test_mode=True, pipeline=[])
    images, listing = dict(img_path='images/test'), 'ImageSets/Main/test.txt'
    dior = dict(type='DIORDataset', data_root=str(roots['dior-r']), ann_file=listing, data_prefix=images)
    images = dict(img_path='train/images')
    dota = dict(type='DOTADataset', data_root=str(roots['dota']), ann_file='train/labelTxt', data_prefix=images)
    for settings, number in ((dior, 2), (dota, 4)):
        with DATASETS.switch_scope_and_registry('mmrotate') as registry:  # another test may have left its own scope
            data = registry.build({**settings, **common})
        assert len(data) == number and sum(len(data.get_data_info(i)['instances']) for i in range(number)) > 3


def test_another_layout_needs_overwrite(roots: dict[str, Path]) -> None:
    stamp = (roots['dota'] / 'scene.tif').stat().st_mtime_ns
    assert (
        write_detection(roots['dota'], PLAN, layout='dota')
        and stamp == (roots['dota'] / 'scene.tif').stat().st_mtime_ns
    )
    with pytest.raises(DataError, match='--overwrite'):
        write_detection(roots['dota'], PLAN, layout='dior')
