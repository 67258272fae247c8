"""Synthetic pairs: deterministic, labelled where houses come and go and nowhere else, in LEVIR-CD's layout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from mmrs.datasets.change import ChangeDataset
from mmrs.datasets.synthetic import CLASSES, Plan, draw_pair, draw_scene, write_dataset, write_pairs
from mmrs.errors import DataError

PLAN = Plan(seed=3, train=18, val=2, tile=64, scene_size=128)
BUILDING = CLASSES.index('building')


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp('pairs') / 'set', PLAN)


def test_a_pair_repeats_itself_and_changes_with_the_seed() -> None:
    one, two, other = (draw_pair(seed, 96, 96) for seed in (4, 4, 5))
    assert one.before.tobytes() == two.before.tobytes() and one.after.tobytes() == two.after.tobytes()
    assert one.change.tobytes() == two.change.tobytes() and one.after.tobytes() != other.after.tobytes()


def test_change_is_buildings_only_and_dates_look_different_elsewhere() -> None:
    pair, present = draw_pair(11, 512, 512), draw_scene(11, 512, 512)
    buildings = present.land_cover == BUILDING
    assert pair.change.any() and set(np.unique(pair.change)) == {0, 1}
    # All houses of the world stand at one of the two dates, and trees of both may hide an edge.
    assert (pair.change.astype(bool) & ~buildings).sum() <= 0.01 * pair.change.sum()
    assert 0.2 < pair.change.sum() / buildings.sum() < 0.7
    elsewhere = np.abs(pair.before.astype(int) - pair.after)[pair.change == 0].mean()
    assert elsewhere > 4, 'light, haze and crops differ between the dates'
    with pytest.raises(ValueError, match='gsd 9'):
        draw_pair(0, 64, 64, 9)


def test_layout_of_levir_cd(root: Path) -> None:
    for split, number in (('train', 18), ('val', 2), ('test', 2)):
        data = ChangeDataset('levir-cd', split, data_root=root, pipeline=[
            dict(type='mmrs.LoadRaster', keys=['img_path', 'img_path2']), dict(type='mmrs.LoadChangeLabel'),
        ])  # fmt: skip
        assert len(data) == number and all(sample['img'].shape == (64, 64, 6) for sample in data)
    values = {int(value) for path in (root / 'train/label').iterdir() for value in np.unique(Image.open(path))}
    assert values == {0, 255}
    assert json.loads((root / 'dataset.json').read_text())['classes'] == ['unchanged', 'changed']


def test_tiles_with_change_come_first(root: Path) -> None:
    changed = [np.asarray(Image.open(path)).any() for path in sorted((root / 'val/label').iterdir())]
    assert all(changed)


def test_the_large_pair_lies_on_one_georeferenced_grid(root: Path) -> None:
    with rasterio.open(root / 'before.tif') as before, rasterio.open(root / 'after.tif') as after:
        assert before.crs == after.crs == 'EPSG:32632' and before.transform == after.transform
        assert before.shape == after.shape == (128, 128)
    with rasterio.open(root / 'change.tif') as change:
        assert change.read(1).max() <= 1


def test_another_kind_of_set_needs_overwrite(root: Path, tmp_path: Path) -> None:
    stamp = (root / 'before.tif').stat().st_mtime_ns
    write_pairs(root, PLAN)
    assert (root / 'before.tif').stat().st_mtime_ns == stamp
    small = Plan(train=1, val=1, tile=32, scene_size=32)
    write_dataset(tmp_path / 'set', small)
    with pytest.raises(DataError, match='--overwrite'):
        write_pairs(tmp_path / 'set', small)
    write_pairs(tmp_path / 'set', small, overwrite=True)
    assert (tmp_path / 'set/train/A').is_dir() and not (tmp_path / 'set/img_dir').exists()
