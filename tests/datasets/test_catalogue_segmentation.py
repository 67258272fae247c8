"""Every segmentation dataset of the catalogue is read in its layout: bands, dtype, classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.registry import DATASETS
from tiny_sets import catalogue_set, cropland, save

import mmrs.registry  # noqa: F401
from mmrs.datasets.catalogue import ENTRIES, Dataset, get
from mmrs.datasets.segmentation import CatalogueSegDataset
from mmrs.datasets.transforms import LoadRaster, LoadTimeSeries
from mmrs.errors import DataError, RasterError

PIPELINE = [dict(type='mmrs.LoadRaster'), dict(type='mmrs.LoadMask')]
SETS = [entry for entry in ENTRIES if entry.task == 'segmentation']


@pytest.mark.parametrize('record', SETS, ids=lambda record: record.name)
def test_reads_each_set_as_it_is(record: Dataset, tmp_path: Path) -> None:
    split = next(part.name for part in record.splits if part.name == 'train')
    catalogue_set(tmp_path, record, (split,))
    loader = dict(type='mmrs.LoadTimeSeries', number=3) if record.name == 'germany-crops' else PIPELINE[0]
    config: dict[str, Any] = dict(type='mmrs.CatalogueSegDataset', name=record.name, split=split)
    with DATASETS.switch_scope_and_registry('mmseg') as registry:
        data = registry.build(dict(config, data_root=str(tmp_path), pipeline=[loader, PIPELINE[1]]))
    assert len(data) == 2 and data.metainfo['classes'] == record.classes
    sample = data[0]
    bands = len(record.band_names) * (3 if record.name == 'germany-crops' else 1)
    assert sample['img'].shape == (64, 64, bands)
    floating = Path(sample['img_path']).suffix in ('.tif', '.npz')
    assert sample['img'].dtype == (np.float32 if floating else np.uint8)  # nothing is cut to 8 bits
    assert np.unique(sample['gt_seg_map']).tolist() == list(range(len(record.classes)))


def test_further_modalities_are_stacked(tmp_path: Path) -> None:
    catalogue_set(tmp_path, get('earthmiss'), ('val',))
    pipeline = [dict(type='mmrs.LoadRaster', keys=('img_path', 'sar_path'))]
    data = CatalogueSegDataset('earthmiss', 'val', str(tmp_path), ('image', 'sar', 'mask'), pipeline=pipeline)
    assert data[0]['img'].shape == (64, 64, 4)
    with pytest.raises(DataError, match='roles of earthmiss: found s2; expected some of image, sar, mask'):
        CatalogueSegDataset('earthmiss', 'val', str(tmp_path), ('image', 's2'))


def test_missing_files_stop_the_run_unless_asked_otherwise(tmp_path: Path) -> None:
    (cropland(tmp_path) / 'train/Label/1.png').unlink()
    with pytest.raises(DataError, match=r'1\.png: found 1 problems.*mmrs data verify cropland'):
        CatalogueSegDataset('cropland', 'train', str(tmp_path))
    data = CatalogueSegDataset('cropland', 'train', str(tmp_path), skip_bad=1, pipeline=PIPELINE)
    assert len(data) == 3 and data[1]['gt_seg_map'].shape == (8, 8)
    with pytest.raises(DataError, match='found no such folder'):
        CatalogueSegDataset('cropland', 'train', str(tmp_path / 'nowhere'))
    with pytest.raises(DataError, match='aid: found a dataset for classification'):
        CatalogueSegDataset('aid', 'train')


def test_four_bands_where_three_are_expected(tmp_path: Path) -> None:
    np.save(tmp_path / 'bands.npy', np.zeros((4, 8, 8), np.uint8))
    results = dict(img_path=str(tmp_path / 'bands.npy'), band_names=('red', 'green', 'blue'))
    with pytest.raises(RasterError, match='found 4 bands; expected 3: red, green, blue'):
        LoadRaster().transform(dict(results))
    assert LoadRaster(bands=[1, 2, 3]).transform(dict(results))['img'].shape == (8, 8, 3)


def test_time_series(tmp_path: Path) -> None:
    series = np.arange(4, dtype=np.int16)[:, None, None, None] * 100 + np.arange(2)[:, None, None] + np.zeros((2, 2))
    path = save(tmp_path / 'a.npz', series.astype(np.int16))
    found = LoadTimeSeries(3, evenly=True).transform(dict(img_path=str(path)))
    assert found['img'].dtype == np.int16 and found['dates'] == [0, 2, 3]
    assert found['img'][0, 0].tolist() == [0, 1, 200, 201, 300, 301]  # dates outside, bands inside
    drawn = LoadTimeSeries(6).transform(dict(img_path=str(path)))
    assert len(drawn['dates']) == 6 and drawn['dates'] == sorted(drawn['dates'])
    assert sorted(set(LoadTimeSeries(4).transform(dict(img_path=str(path)))['dates'])) == [0, 1, 2, 3]
    with pytest.raises(RasterError, match='expected dates x bands'):
        LoadTimeSeries().transform(dict(img_path=str(save(tmp_path / 'b.npz', series[0]))))


def test_real_floods(data_dir: Path) -> None:
    data = CatalogueSegDataset('sen1floods11', 'all', str(data_dir / 'sen1floods11'), pipeline=PIPELINE)
    sample = data[0]
    assert sample['img'].dtype == np.float32 and sample['img'].shape == (512, 512, 2)
    assert np.unique(sample['gt_seg_map']).tolist() == [0, 1, 255]
