"""Oriented boxes in the layouts of the catalogue: pairs of sensors, boxes without a side, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_sets import save

from mmrs.datasets.catalogue import get
from mmrs.datasets.oriented import CatalogueOrientedDataset
from mmrs.datasets.transforms import LoadRaster
from mmrs.errors import ConfigError, DataError

LINE = '4 4 12 6 11 10 3 8'
PAIR = dict(type='mmrs.LoadRaster', bands=[3, 2, 1], keys=('img_path', 'sar_path'), key_bands=dict(sar_path=[1]))


def pairs(root: Path, *lines: str) -> Path:
    for number, text in enumerate(lines):
        save(root / f'optical/{number}.jpg', np.full((16, 16, 3), (200, 100, 0), np.uint8))
        save(root / f'sar/{number}.tif', np.full((3, 16, 16), number + 1, np.uint8))
        (root / 'labelTxt').mkdir(exist_ok=True)
        (root / f'labelTxt/{number}.txt').write_text(text)
    (root / 'splits').mkdir(exist_ok=True)
    (root / 'splits/train.txt').write_text('\n'.join(str(number) for number in range(len(lines))))
    return root


def build(root: Path, split: str = 'train', name: str = 'm4-sar', **options: Any) -> CatalogueOrientedDataset:
    options = {'roles': ('image', 'sar', 'boxes'), 'pipeline': [PAIR], **options}
    return CatalogueOrientedDataset(name, split, str(root), **options)


def test_pairs_and_boxes(tmp_path: Path) -> None:
    pairs(tmp_path, f'{LINE} harbor 0\n{LINE} airport 1\n', '')
    data = build(tmp_path)
    sample = data[1]
    assert len(data) == 2 and data.metainfo['classes'] == get('m4-sar').classes
    assert sample['img'].shape == (16, 16, 4) and sample['img'][8, 8, 3] == 2  # one band of the radar
    assert sample['img'][8, 8, 0] < 30 < 180 < sample['img'][8, 8, 2]  # the optical bands in the order asked for
    info = data.get_data_info(0)
    assert [item['bbox_label'] for item in info['instances']] == [1, 4] and info['img_id'] == '0'
    assert info['instances'][0]['bbox'] == [4, 4, 12, 6, 11, 10, 3, 8] and data.get_cat_ids(0) == [1, 4]
    assert len(build(tmp_path, filter_cfg=dict(filter_empty_gt=True))) == 1
    assert len(build(tmp_path, filter_cfg=dict(filter_empty_gt=True), test_mode=True)) == 2


def test_boxes_without_a_side_are_left_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr('mmrs.datasets.oriented.print_log', lambda text, *rest: told.append(text))
    data = build(pairs(tmp_path, f'4 4 4 4 11 10 3 8 harbor 0\n{LINE} harbor 0\n'))
    assert len(data.get_data_info(0)['instances']) == 1
    assert len(told) == 1 and '1 boxes are left out' in told[0] and 'two corners in one place' in told[0]


def test_unknown_classes_missing_files_and_splits(tmp_path: Path) -> None:
    pairs(tmp_path, f'{LINE} boat 0\n', '')
    with pytest.raises(DataError, match=r"0\.txt: found the class 'boat'; expected one of bridge, harbor"):
        build(tmp_path)
    (tmp_path / 'labelTxt/0.txt').write_text('')
    (tmp_path / 'sar/1.tif').unlink()
    with pytest.raises(DataError, match='the sar of 1.*mmrs data verify m4-sar'):
        build(tmp_path)
    assert len(build(tmp_path, skip_bad=1)) == 1
    with pytest.raises(DataError, match=r'val\.txt: found No such file'):
        build(tmp_path, 'val')
    with pytest.raises(DataError, match='roles of m4-sar: found s2; expected some of image, sar, boxes'):
        build(tmp_path, roles=('image', 's2'))
    with pytest.raises(DataError, match='dior: found a dataset for horizontal detection'):
        build(tmp_path, name='dior')


def test_bands_of_a_key_that_is_not_loaded() -> None:
    with pytest.raises(ConfigError, match='key_bands: found sar_path; expected some of img_path'):
        LoadRaster(key_bands=dict(sar_path=[1]))


def test_real_pairs(data_dir: Path) -> None:
    data = build(data_dir / 'm4sar', 'all')
    assert len(data) == 4 and data[0]['img'].shape == (512, 512, 4)
    assert {label for index in range(4) for label in data.get_cat_ids(index)} == {0, 3, 5}
