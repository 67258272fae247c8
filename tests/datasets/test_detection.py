"""Detection datasets with COCO annotations: read in the layout of the catalogue, bad annotations refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mmengine.registry import DATASETS
from tiny_sets import coco_set

import mmrs.registry  # noqa: F401
from mmrs.datasets.catalogue import get
from mmrs.errors import DataError


def build(root: Path, name: str = 'ubcv2', **options: Any) -> Any:
    config = dict(type='mmrs.CatalogueCocoDataset', name=name, split='train', data_root=str(root))
    with DATASETS.switch_scope_and_registry('mmdet') as registry:
        return registry.build({**config, 'pipeline': [dict(type='mmrs.LoadRaster')], **options})


def change(root: Path, name: str, edit: Any) -> None:
    path = root / str(get(name).split('train').listing)
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize('name', ['sardet-100k', 'ubcv2', 'kenya-wildlife'])
def test_reads_each_set(name: str, tmp_path: Path) -> None:
    record = get(name)
    data = build(coco_set(tmp_path, record, ('train',)), name)
    assert len(data) == 3 and data.metainfo['classes'] == record.classes
    assert [len(data.get_data_info(index)['instances']) for index in range(3)] == [1, 1, 0]
    assert data[0]['img'].shape == (112, 112, len(record.band_names))
    assert data.get_data_info(0)['instances'][0]['bbox'] == [18, 28, 55, 50]


def test_categories_of_other_names_are_no_empty_dataset(tmp_path: Path) -> None:
    coco_set(tmp_path, get('ubcv2'), ('train',))
    change(tmp_path, 'ubcv2', lambda content: content['categories'][0].update(name='roof'))
    with pytest.raises(DataError, match='found categories roof; expected building .*`classes` in the dataset'):
        build(tmp_path)
    data = build(tmp_path, classes=['roof'])
    assert data.metainfo['classes'] == ('roof',) and data.get_data_info(0)['instances'][0]['bbox_label'] == 0
    with pytest.raises(DataError, match='found categories roof; expected building'):
        build(tmp_path, classes=['building'])


def test_repeated_ids_and_missing_images_stop_the_run(tmp_path: Path) -> None:
    coco_set(tmp_path, get('ubcv2'), ('train',))
    (tmp_path / 'images/train/merge/train1.tif').unlink()
    with pytest.raises(DataError, match=r'train1\.tif: found no such file \(1 of 3 images'):
        build(tmp_path)
    assert len(build(tmp_path, skip_bad=1)) == 3
    change(tmp_path, 'ubcv2', lambda content: content['annotations'][1].update(id=1))
    with pytest.raises(DataError, match='found duplicate annotations id; expected every id once'):
        build(tmp_path)


def test_boxes_outside_are_left_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr('mmrs.datasets.detection.print_log', lambda text, *rest: told.append(text))
    coco_set(tmp_path, get('ubcv2'), ('train',))
    change(tmp_path, 'ubcv2', lambda content: content['annotations'][0].update(bbox=[500, 30, 40, 20]))
    data = build(tmp_path)
    assert [len(data.get_data_info(index)['instances']) for index in range(3)] == [0, 1, 0]
    assert len(told) == 1 and '1 boxes are left out, the first: annotation 1: building' in told[0]


def test_other_tasks_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='isaid: found a dataset for segmentation'):
        build(tmp_path, 'isaid')
    coco_set(tmp_path, get('ubcv2'), ('train',))
    change(tmp_path, 'ubcv2', lambda content: content.pop('categories'))
    with pytest.raises(DataError, match='expected images, annotations and categories'):
        build(tmp_path)
