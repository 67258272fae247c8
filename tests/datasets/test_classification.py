"""Scene classification datasets: lists, folders, and several labels an image."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DATASETS
from tiny_sets import save

import mmrs.registry  # noqa: F401
from mmrs.datasets.catalogue import get
from mmrs.datasets.classification import CatalogueSceneDataset, SceneFolderDataset, TreeSatAI
from mmrs.errors import DataError

PIXELS = np.zeros((8, 8, 3), np.uint8)
LOAD = [dict(type='mmrs.LoadRaster')]


def aid(root: Path, text: str) -> Path:
    for name in ('Airport', 'Beach'):
        save(root / name / 'a 1.jpg', PIXELS)
    (root / 'meta').mkdir()
    (root / 'meta/train.txt').write_text(text)
    return root


def test_reads_lists_in_every_host(tmp_path: Path) -> None:
    aid(tmp_path, 'Beach/a 1.jpg 3\nAirport/a 1.jpg 0\n')
    config = dict(type='mmrs.CatalogueSceneDataset', name='aid', split='train', data_root=str(tmp_path), pipeline=LOAD)
    with DATASETS.switch_scope_and_registry('mmpretrain') as registry:
        data = registry.build(config)
    assert [sample['gt_label'] for sample in data] == [0, 3]
    assert data.metainfo['classes'] == get('aid').classes and data[0]['img'].shape == (8, 8, 3)


def test_wrong_lists_are_refused(tmp_path: Path) -> None:
    aid(tmp_path, 'Airport/a 1.jpg 30\n')
    with pytest.raises(DataError, match='label 30 where 29 is the highest'):
        CatalogueSceneDataset('aid', 'train', str(tmp_path))
    (tmp_path / 'meta/train.txt').write_text('Airport/b.jpg 0\n')
    with pytest.raises(DataError, match=r'b\.jpg: found 1 problems.*mmrs data verify aid'):
        CatalogueSceneDataset('aid', 'train', str(tmp_path))
    with pytest.raises(DataError, match='isaid: found a dataset for segmentation'):
        CatalogueSceneDataset('isaid', 'train', str(tmp_path))


def test_folders(tmp_path: Path) -> None:
    aid(tmp_path / 'set', '')
    (tmp_path / 'set/meta/train.txt').unlink()
    (tmp_path / 'set/meta').rmdir()
    data = SceneFolderDataset(str(tmp_path / 'set'), pipeline=LOAD)
    assert data.metainfo['classes'] == ('Airport', 'Beach') and [item['gt_label'] for item in data] == [0, 1]
    data = SceneFolderDataset(str(tmp_path / 'set'), classes=('Beach', 'Airport'), pipeline=LOAD)
    assert [Path(item['img_path']).parent.name for item in data] == ['Beach', 'Airport']
    with pytest.raises(DataError, match='one folder a class: Airport, Port differ'):
        SceneFolderDataset(str(tmp_path / 'set'), classes=('Beach', 'Port'))
    (tmp_path / 'set/Beach/a 1.jpg').unlink()
    with pytest.raises(DataError, match='Beach: found no image'):
        SceneFolderDataset(str(tmp_path / 'set'))
    with pytest.raises(DataError, match='found no such folder'):
        SceneFolderDataset(str(tmp_path / 'nowhere'))


def trees(root: Path, **changes) -> Path:
    items = [
        {'id': 'a', 'species': ['Fagus', 'Picea'], 'share': [0.96, 0.04]},
        {'id': 'b', 'species': ['Pinus'], 'share': [1.0], **changes},
    ]
    for item in items:
        save(root / 'aerial' / f'{item["id"]}.tif', np.zeros((4, 8, 8), np.uint8))
        save(root / 's1' / f'{item["id"]}.tif', np.zeros((3, 6, 6), np.float32))
    save(root / 's2' / 'a.npz', np.zeros((5, 10, 6, 6), np.uint16))
    save(root / 's2' / 'b.tif', np.zeros((12, 6, 6), np.uint16))
    (root / 'labels.json').write_text(json.dumps(items))
    return root


def test_trees_have_several_labels_and_three_modalities(tmp_path: Path) -> None:
    data = TreeSatAI(None, str(trees(tmp_path)), pipeline=[dict(type='mmrs.LoadRaster', keys=('s1_path',))])
    names = [[data.metainfo['classes'][index] for index in item['gt_label']] for item in data]
    assert names == [['Fagus', 'Picea'], ['Pinus']]
    assert data[0]['img'].shape == (6, 6, 3) and data[0]['s2_path'].endswith('a.npz')
    series = TreeSatAI(None, str(tmp_path), pipeline=[dict(type='mmrs.LoadTimeSeries', number=2, key='s2_path')])
    assert series[0]['img'].shape == (6, 6, 20) and series[0]['img'].dtype == np.uint16
    assert TreeSatAI(None, str(tmp_path), min_share=0.07).get_cat_ids(0) == [get('treesatai').classes.index('Fagus')]
    (tmp_path / 'train.txt').write_text('b\n')
    assert len(TreeSatAI('train', str(tmp_path))) == 1
    with pytest.raises(DataError, match=r'test\.txt: found no such file; expected the ids of split test\. .*split\.py'):
        TreeSatAI('test', str(tmp_path))
    (tmp_path / 'train.txt').write_text('c\n')
    with pytest.raises(DataError, match='found c; expected ids'):
        TreeSatAI('train', str(tmp_path))


def test_trees_that_are_not_complete(tmp_path: Path) -> None:
    trees(tmp_path, species=['Palm'])
    with pytest.raises(DataError, match='b has unknown Palm'):
        TreeSatAI(None, str(tmp_path))
    (trees(tmp_path) / 's1/a.tif').unlink()
    with pytest.raises(DataError, match=r'a\.tif: found 1 problems'):
        TreeSatAI(None, str(tmp_path))
    assert len(TreeSatAI(None, str(tmp_path), modalities=('aerial',))) == 2
    (tmp_path / 'labels.json').write_text('[{}]')
    with pytest.raises(DataError, match='without id, species or share'):
        TreeSatAI(None, str(tmp_path))
    (tmp_path / 'labels.json').unlink()
    with pytest.raises(DataError, match='No such file'):
        TreeSatAI(None, str(tmp_path))


def test_real_samples(data_dir: Path) -> None:
    # GDAL takes the fourth band for transparency: it is named to be read
    load = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3, 4])]
    data = TreeSatAI(None, str(data_dir / 'treesatai'), pipeline=load)
    assert len(data) == 4 and all(item['gt_label'] and item['img'].shape == (304, 304, 4) for item in data)
    scenes = SceneFolderDataset(str(data_dir / 'aid_rsicd/val'), pipeline=LOAD)
    assert len(scenes.metainfo['classes']) == 30 and len(scenes) == 750
    assert set(scenes.metainfo['classes']) == set(get('aid').classes)
