"""Synthetic datasets on disk: georeferenced, disjoint, complete or absent."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import numpy as np
import pytest
import rasterio
from shapely import box

from mmrs.datasets.synthetic import CLASSES, Plan, write_dataset
from mmrs.datasets.synthetic import writer as module
from mmrs.errors import DataError

PLAN = Plan(seed=5, train=18, val=3, tile=32, scene_size=96)


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp('data') / 'set', PLAN)


def tiles(root: Path, folder: str, split: str) -> list[Path]:
    return sorted((root / folder / split).glob('*.tif'))


def test_layout(root: Path) -> None:
    for split, number in (('train', 18), ('val', 3)):
        names = [path.name for path in tiles(root, 'img_dir', split)]
        assert len(names) == number
        for folder in ('ann_dir', 'sar_dir'):
            assert [path.name for path in tiles(root, folder, split)] == names
    description = json.loads((root / 'dataset.json').read_text())
    assert description['classes'] == list(CLASSES) and description['seed'] == 5
    assert not [path for path in root.parent.iterdir() if path.name.startswith('.')]


def test_layers_of_a_tile_lie_on_one_grid_with_one_crs(root: Path) -> None:
    for image in [*tiles(root, 'img_dir', 'train'), root / 'scene.tif']:
        siblings = [root / folder / 'train' / image.name for folder in ('ann_dir', 'sar_dir')]
        if image.parent == root:
            siblings = [root / 'scene_labels.tif', root / 'scene_sar.tif']
        with rasterio.open(image) as optical:
            assert optical.count == 3 and optical.crs == 'EPSG:32632' and optical.res == (1.0, 1.0)
            for sibling in siblings:
                with rasterio.open(sibling) as other:
                    assert (other.transform, other.crs, other.shape) == (optical.transform, optical.crs, optical.shape)


def test_tiles_and_scene_are_different_places(root: Path) -> None:
    extents = {}
    for path in [*tiles(root, 'img_dir', 'train'), *tiles(root, 'img_dir', 'val'), root / 'scene.tif']:
        with rasterio.open(path) as raster:
            extents[path] = box(*raster.bounds)
    areas = list(extents.values())
    for index, one in enumerate(areas):
        assert all(one.intersection(other).area == 0 for other in areas[index + 1 :])
    train = [extents[path] for path in tiles(root, 'img_dir', 'train')]
    for path in (*tiles(root, 'img_dir', 'val'), root / 'scene.tif'):
        assert min(extents[path].distance(tile) for tile in train) >= 400  # metres: no shared field or house


def test_neighbouring_tiles_join_seamlessly(root: Path) -> None:
    left, right = (rasterio.open(root / 'ann_dir/train' / name).read(1) for name in (
        '0000_0000_0000.tif', '0000_0000_0032.tif'))  # fmt: skip
    assert np.mean(left[:, -1] == right[:, 0]) > 0.8


def test_masks_hold_classes_only(root: Path) -> None:
    for path in tiles(root, 'ann_dir', 'train'):
        with rasterio.open(path) as raster:
            assert raster.read(1).max() < len(CLASSES)
            assert raster.colormap(1)[0][:3] == module.PALETTE[0]


def test_same_plan_is_kept_and_another_one_needs_overwrite(root: Path) -> None:
    before = (root / 'scene.tif').stat().st_mtime_ns
    write_dataset(root, PLAN)
    assert (root / 'scene.tif').stat().st_mtime_ns == before
    other = Plan(seed=6, train=1, val=1, tile=32, scene_size=32)
    with pytest.raises(DataError, match='--overwrite'):
        write_dataset(root, other)
    copy = write_dataset(root.parent / 'copy', PLAN)
    assert (copy / 'scene.tif').read_bytes() == (root / 'scene.tif').read_bytes()
    write_dataset(copy, other, overwrite=True)
    assert len(tiles(copy, 'img_dir', 'train')) == 1


def test_foreign_folders_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / 'thesis.txt').write_text('years of work')
    with pytest.raises(DataError, match='something else'):
        write_dataset(tmp_path, PLAN, overwrite=True)
    assert (tmp_path / 'thesis.txt').read_text() == 'years of work'


@pytest.mark.parametrize('limit', [500, 20_000])
def test_nothing_is_left_when_the_disk_is_full(tmp_path: Path, limit: int) -> None:
    """A limit on file size fails writes as a full disk does: at the first tile, or later at the scene."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(DataError, match='writable folder with enough free space'):
            write_dataset(tmp_path / 'set', Plan(train=1, val=1, tile=32, scene_size=256))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_a_parent_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(DataError, match='writable folder'):
        write_dataset(tmp_path / 'file' / 'set', PLAN)


@pytest.mark.parametrize('wrong', [Plan(train=0), Plan(tile=8), Plan(seed=-1), Plan(gsd=9.0)])
def test_impossible_plans_are_refused(wrong: Plan, tmp_path: Path) -> None:
    with pytest.raises(DataError, match='--'):
        write_dataset(tmp_path / 'set', wrong)
