"""Change datasets: published layouts, and pairs that are not complete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.registry import DATASETS
from mmseg.structures import SegDataSample
from PIL import Image
from tiny_sets import save

import mmrs.registry  # noqa: F401
from mmrs.datasets.catalogue import CATALOGUE
from mmrs.datasets.change import ChangeDataset
from mmrs.datasets.change_layouts import LAYOUTS
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.models.data_preprocessor import SegDataPreProcessor

PIPELINE = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3], keys=['img_path', 'img_path2'], same_bands=True),
    dict(type='mmrs.LoadChangeLabel'),
]


def fill(root: Path, folders: tuple[str, str, str], suffixes: tuple[str, str] = ('.png', '.png')) -> Path:
    """Three pairs: pair i has i before, 100 + i after, and i changed pixels at the start of its label."""
    for index in range(3):
        label = np.zeros((8, 8), np.uint8)
        label[0, :index] = 255
        layers = np.full((8, 8, 3), index, np.uint8), np.full((8, 8, 3), 100 + index, np.uint8), label
        for name, layer, suffix in zip(folders, layers, (suffixes[0], *suffixes), strict=True):
            (root / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(layer).save(root / name / f'p{index}{suffix}')
    return root


def pairs(root: Path, **options: Any) -> ChangeDataset:
    return ChangeDataset(**(dict(layout='levir-cd', split='train', data_root=str(root), pipeline=PIPELINE) | options))


@pytest.mark.parametrize(('layout', 'folders'), [(name, f) for name, triples in LAYOUTS.items() for f in triples])
def test_every_layout_is_found(tmp_path: Path, layout: str, folders: tuple[str, str, str]) -> None:
    fill(tmp_path / 'val', folders, ('.png', '.bmp'))
    data = pairs(tmp_path, layout=layout, split='val')
    assert data.metainfo['classes'] == ('unchanged', 'changed') and len(data) == 3
    for index, sample in enumerate(data):
        assert sample['img'][0, 0].tolist() == [index] * 3 + [100 + index] * 3
        assert int(sample['gt_seg_map'].sum()) == index


def test_every_layout_is_in_the_catalogue() -> None:
    assert {CATALOGUE[name].task for name in LAYOUTS} == {'change detection'}


def test_lists_name_the_pairs_with_or_without_suffix(tmp_path: Path) -> None:
    fill(tmp_path, ('A', 'B', 'label'))
    for text in ('p2\np0\n', 'p2.png\np0.png\n'):
        (tmp_path / 'train.txt').write_text(text)
        data = pairs(tmp_path, split='', ann_file='train.txt')
        assert [Path(sample['img_path2']).name for sample in data] == ['p2.png', 'p0.png']
    with pytest.raises(DataError, match=r'absent\.txt'):
        pairs(tmp_path, split='', ann_file='absent.txt')


@pytest.mark.parametrize(('lines', 'message'), [
    ('p0\np9\n', r'A/p9\.png: found no such file \(1 of 2 are missing\)'),
    ('p0\np1\np1\n', r'train\.txt: found .*A/p1\.png more than once'),
])  # fmt: skip
def test_wrong_lists_stop_before_the_run(tmp_path: Path, lines: str, message: str) -> None:
    fill(tmp_path, ('A', 'B', 'label'))
    (tmp_path / 'train.txt').write_text(lines)
    with pytest.raises(DataError, match=message):
        pairs(tmp_path, split='', ann_file='train.txt')


def test_four_bands_are_read_by_a_config_of_three_as_their_first(tmp_path: Path) -> None:
    """RGB with near infrared behind it; without ``bands`` the data preprocessor refuses all eight."""
    fill(tmp_path / 'train', ('A', 'B', 'label'))
    for folder in ('A', 'B'):
        for path in (tmp_path / 'train' / folder).glob('*.png'):
            bands = np.arange(4, dtype=np.uint16)  # of 8 bits, GDAL would take the fourth for transparency
            save(path.with_suffix('.tif'), np.broadcast_to(bands[:, None, None], (4, 8, 8)))
            path.unlink()
    assert pairs(tmp_path)[1]['img'][0, 0].tolist() == [0, 1, 2, 0, 1, 2]
    loaded = pairs(tmp_path, pipeline=[dict(PIPELINE[0], bands=None)])[1]['img']
    assert loaded.shape == (8, 8, 8)
    batch = dict(inputs=[torch.from_numpy(loaded).permute(2, 0, 1)], data_samples=[SegDataSample()])
    with pytest.raises(ConfigError, match='found an image of 8 bands; expected 6, as in mean and std'):
        SegDataPreProcessor([0.0] * 3, [1.0] * 3, dates=2)(batch)


def test_built_from_a_config_of_mmseg_with_free_folders(tmp_path: Path) -> None:
    fill(tmp_path, ('old', 'new', 'what'))
    prefix = dict(img_path='old', img_path2='new', seg_map_path='what')
    config = dict(type='mmrs.ChangeDataset', data_root=str(tmp_path), data_prefix=prefix, pipeline=PIPELINE)
    with DATASETS.switch_scope_and_registry('mmseg') as registry:
        data = registry.build(config)
    assert isinstance(data, ChangeDataset) and data[1]['img'].shape == (8, 8, 6)


@pytest.mark.parametrize(('gone', 'message'), [
    ('B/p1.png', r'B/p1\.png: found no such file \(1 of 3 are missing\)'),
    ('label/p2.png', r'label/p2\.png: found no such file'),
    ('A/p0.png', r'B/p0\.png: found no such image'),
])  # fmt: skip
def test_a_file_without_its_partners_stops_before_the_run(tmp_path: Path, gone: str, message: str) -> None:
    (fill(tmp_path / 'train', ('A', 'B', 'label')) / gone).unlink()
    with pytest.raises(DataError, match=message):
        pairs(tmp_path)
    assert len(pairs(tmp_path, skip_bad=1)) >= 2  # training may be told to put up with it


def test_dates_and_label_of_other_sizes_are_named(tmp_path: Path) -> None:
    fill(tmp_path / 'train', ('A', 'B', 'label'))
    Image.new('RGB', (8, 9)).save(tmp_path / 'train/B/p0.png')
    Image.new('L', (9, 8)).save(tmp_path / 'train/label/p1.png')
    data = pairs(tmp_path, test_mode=True)
    with pytest.raises(RasterError, match=r'B/p0\.png: found 9 x 8 pixels; expected 8 x 8 pixels like .*A/p0\.png'):
        data[0]
    with pytest.raises(DataError, match=r'label/p1\.png: found 8 x 9 pixels'):
        data[1]


def test_a_missing_folder_mixed_formats_and_wrong_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'train/A: found no such folder'):
        pairs(tmp_path)
    fill(tmp_path / 'train', ('A', 'B', 'label'))
    Image.new('RGB', (8, 8)).save(tmp_path / 'train/A/p9.jpg')
    with pytest.raises(DataError, match=r'train/A: found files \.jpg and \.png'):
        pairs(tmp_path)
    with pytest.raises(ConfigError, match="'levir'.*levir-cd"):
        pairs(tmp_path, layout='levir')
    with pytest.raises(ConfigError, match='img_path2'):
        pairs(tmp_path, layout=None, data_prefix=dict(img_path='A', seg_map_path='label'))


def test_real_pairs(data_dir: Path) -> None:
    data = pairs(data_dir / 'levir_cd_sample', split='')
    assert len(data) == 11
    shares = [sample['gt_seg_map'].mean() for sample in data]
    assert all(sample['img'].shape == (256, 256, 6) for sample in data) and 0.01 < np.mean(shares) < 0.5
