"""Datasets of windows: scenes count by their area, validation covers every pixel once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from mmseg.registry import DATASETS

import mmrs.registry  # noqa: F401
from mmrs.errors import ConfigError, RasterError

SIZES = {'a': (40, 60), 'b': (100, 120)}


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('scenes')
    for name, (rows, columns) in SIZES.items():
        for part, bands in (('images', 3), ('masks', 1)):
            (folder / part).mkdir(exist_ok=True)
            profile = dict(driver='GTiff', width=columns, height=rows, count=bands, dtype='uint8')
            with rasterio.open(folder / part / f'{name}.tif', 'w', **profile) as file:
                file.write(np.random.default_rng(0).integers(0, 2, (bands, rows, columns), np.uint8))
    return folder


def dataset(root: Path, **options: Any) -> Any:
    settings = dict(
        type='mmrs.LargeSceneDataset', window=(20, 20), data_root=str(root), classes=('land', 'water'),
        data_prefix=dict(img_path='images', seg_map_path='masks'),
    )  # fmt: skip
    return DATASETS.build(settings | options)


def test_training_lists_a_scene_by_its_area(root: Path) -> None:
    pipeline = [dict(type='mmrs.RandomWindow', crop_size=(20, 20), mask={}), dict(type='mmseg.PackSegInputs')]
    data = dataset(root, pipeline=pipeline)
    names = [Path(data.get_data_info(index)['img_path']).stem for index in range(len(data))]
    assert (names.count('a'), names.count('b')) == (6, 30)
    sample = data[0]
    assert sample['inputs'].shape == (3, 20, 20) and sample['data_samples'].gt_sem_seg.shape == (20, 20)
    assert len(dataset(root, window=(500, 500))) == 2, 'a small scene is listed once'


def test_validation_covers_every_pixel_once(root: Path) -> None:
    pipeline = [dict(type='mmrs.LoadWindow', mask={}), dict(type='mmseg.PackSegInputs')]
    data = dataset(root, window=(32, 50), test_mode=True, pipeline=pipeline)
    seen = {name: np.zeros(size, int) for name, size in SIZES.items()}
    for index in range(len(data)):
        info, sample = data.get_data_info(index), data[index]
        column, row, columns, rows = info['window']
        cut = np.s_[row : row + rows, column : column + columns]
        name = Path(info['img_path']).stem
        seen[name][cut] += 1
        with rasterio.open(root / 'masks' / f'{name}.tif') as file:
            np.testing.assert_array_equal(sample['data_samples'].gt_sem_seg.data[0], file.read(1)[cut])
        assert rows <= 32 and columns <= 50 and sample['data_samples'].ori_shape == (rows, columns)
    assert len(data) == 2 * 2 + 4 * 3 and all((count == 1).all() for count in seen.values())


def test_a_broken_scene_stops_or_is_skipped(root: Path, tmp_path: Path) -> None:
    for part in ('images', 'masks'):
        (tmp_path / part).mkdir()
        (tmp_path / part / 'a.tif').write_bytes((root / part / 'a.tif').read_bytes())
        (tmp_path / part / 'c.tif').write_bytes(b'not a raster')
    with pytest.raises(RasterError, match=r'c\.tif'):
        dataset(tmp_path)
    pipeline = [dict(type='mmrs.RandomWindow', crop_size=(20, 20), mask={})]
    data = dataset(tmp_path, skip_bad=1, pipeline=pipeline)
    assert len(data) == 7 and data.prepare_data(6) is None and data.prepare_data(0)['img'].shape == (20, 20, 3)
    with pytest.raises(ConfigError, match='window'):
        dataset(root, window=(0, 5))
