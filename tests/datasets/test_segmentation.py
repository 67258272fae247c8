"""Folder datasets: pairs, missing files, and broken samples that are skipped only when asked to."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.registry import DATASETS
from PIL import Image

import mmrs.registry  # noqa: F401
from mmrs.datasets.segmentation import FolderSegDataset, SyntheticLandCover
from mmrs.datasets.synthetic import CLASSES, Plan, write_dataset
from mmrs.errors import DataError, RasterError

PIPELINE = [dict(type='mmrs.LoadRaster'), dict(type='mmrs.LoadMask')]


def folder(root: Path, number: int = 4) -> Path:
    for index in range(number):
        for name, pixels in (('img', np.full((6, 6, 3), index)), ('mask', np.full((6, 6), index % 2))):
            (root / name / 'train').mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(root / name / 'train' / f'{index}.png')
    return root


def dataset(root: Path, **options: Any) -> FolderSegDataset:
    settings = dict(
        data_root=str(root), classes=('a', 'b'), palette=[(0, 0, 0), (255, 0, 0)], pipeline=PIPELINE,
        data_prefix=dict(img_path='img/train', seg_map_path='mask/train'), img_suffix='.png', seg_map_suffix='.png',
    )  # fmt: skip
    return FolderSegDataset(**(settings | options))


def test_pairs_by_name(tmp_path: Path) -> None:
    data = dataset(folder(tmp_path))
    assert len(data) == 4 and data.metainfo['classes'] == ('a', 'b')
    assert [int(sample['gt_seg_map'][0, 0]) for sample in data] == [0, 1, 0, 1]
    assert [int(sample['img'][0, 0, 0]) for sample in data] == [0, 1, 2, 3]


def test_built_from_a_config_of_mmseg(tmp_path: Path) -> None:
    root = write_dataset(tmp_path / 'set', Plan(train=2, val=1, tile=32, scene_size=32))
    prefix = dict(img_path='img_dir/train', seg_map_path='ann_dir/train', sar_path='sar_dir/train')
    loader = dict(type='mmrs.LoadRaster', keys=['img_path', 'sar_path'])
    config = dict(type='mmrs.SyntheticLandCover', data_root=str(root), data_prefix=prefix, pipeline=[loader])
    with DATASETS.switch_scope_and_registry('mmseg') as registry:
        data = registry.build(config)
    assert isinstance(data, SyntheticLandCover) and data.metainfo['classes'] == CLASSES
    assert data[0]['img'].shape == (32, 32, 4) and data[0]['num_classes'] == 7


def test_missing_mask_stops_before_the_run(tmp_path: Path) -> None:
    (folder(tmp_path) / 'mask/train/2.png').unlink()
    with pytest.raises(DataError, match=r'2\.png: found no such file \(1 of 4 are missing\)'):
        dataset(tmp_path)


@pytest.mark.parametrize(('lines', 'message'), [
    ('0\n1\n7\n', r'train/7\.png: found no such file \(1 of 3 are missing\)'),  # of another split, or another set
    ('0\n1\n0\n', r'list\.txt: found .*train/0\.png more than once \(3 lines, 2 names\)'),
    ('', 'found no image'),
    (None, r'list\.txt: found no such file; expected a list of names'),
])  # fmt: skip
def test_wrong_lists_stop_before_the_run(tmp_path: Path, lines: str | None, message: str) -> None:
    folder(tmp_path)
    if lines is not None:
        (tmp_path / 'list.txt').write_text(lines)
    with pytest.raises(DataError, match=message):
        dataset(tmp_path, ann_file='list.txt')


def test_missing_and_empty_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no such folder'):
        dataset(tmp_path / 'nowhere')
    with pytest.raises(DataError, match=r'no image; expected files \*\.tif'):
        dataset(folder(tmp_path), img_suffix='.tif')


def test_broken_samples_raise_by_default_and_always_in_tests(tmp_path: Path) -> None:
    (folder(tmp_path) / 'img/train/1.png').write_bytes(b'')
    with pytest.raises(RasterError, match=r'1\.png'):
        dataset(tmp_path)[1]
    with pytest.raises(RasterError, match=r'1\.png'):
        dataset(tmp_path, skip_bad=9, test_mode=True)[1]


def test_skipping_counts_logs_once_and_stops_past_the_limit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Image.fromarray(np.full((6, 6), 7, np.uint8)).save(folder(tmp_path) / 'mask/train/0.png')
    (tmp_path / 'img/train/1.png').write_bytes(b'')
    data = dataset(tmp_path, skip_bad=2)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert data[0]['img'][0, 0, 0] in (2, 3)
            assert data[1]['img'][0, 0, 0] in (2, 3)
    (tmp_path / 'img/train/2.png').write_bytes(b'')
    with pytest.raises(DataError, match=r'2\.png: found 3 broken samples; expected at most 2'):
        data[2]
    assert sorted(data._bad) == [str(tmp_path / name) for name in ('img/train/1.png', 'img/train/2.png',
                                                                   'mask/train/0.png')]  # fmt: skip


def test_real_sets(data_dir: Path) -> None:
    loaders = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), dict(type='mmrs.LoadMask', label_map={1: 0, 2: 1})]
    prefix = dict(img_path='val/images', seg_map_path='val/masks')
    data = dataset(data_dir / 'amazon_forest', data_prefix=prefix, img_suffix='.tiff', pipeline=loaders)
    assert {len(np.unique(sample['gt_seg_map'])) for sample in data} == {2}
