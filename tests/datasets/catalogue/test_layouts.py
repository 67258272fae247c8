"""The layout of every record of the catalogue is the one that its configs read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS

import mmrs.registry  # noqa: F401
from mmrs.apis.config import config_root
from mmrs.apis.zoo.check import datasets_of
from mmrs.datasets.catalogue import ENTRIES, Dataset
from mmrs.datasets.catalogue.records import Split
from mmrs.datasets.change_layouts import LAYOUTS
from mmrs.datasets.layout import TOKEN, find_samples
from mmrs.engine.console import import_host

FOLDERS = {entry.folder: entry for entry in ENTRIES}
HOSTS = dict(CocoDataset='mmdet', DIORDataset='mmrotate', iSAIDDataset='mmseg', LoveDADataset='mmseg')
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
XML = '<annotation><size><width>9</width><height>9</height></size></annotation>'


def bases() -> dict[str, Config]:
    """Dataset configs that read a set of the catalogue."""
    paths = sorted((config_root() / '_base_' / 'datasets').glob('*.py'))
    configs = {path.stem: Config.fromfile(str(path)) for path in paths}
    return {name: config for name, config in configs.items() if Path(str(config.get('data_root', ''))).name in FOLDERS}


BASES = bases()


def lay_out(root: Path, entry: Dataset, split: Split, copy: int = 0) -> None:
    """Two samples of a split, by the record alone; files are empty but for lists and boxes."""
    names = [f'{split.name}{index}' for index in range(2)]
    files = (split.files, *split.others)[copy]
    listing = root / str(split.listing)
    if split.listing is not None:
        listing.parent.mkdir(parents=True, exist_ok=True)
    if split.form == 'coco':
        categories = [dict(id=index, name=name) for index, name in enumerate(entry.classes)]
        images = [dict(id=index, file_name=f'{name}.jpg', width=9, height=9) for index, name in enumerate(names)]
        listing.write_text(json.dumps(dict(images=images, annotations=[], categories=categories)))
        for name in names:
            touch(root / files['image'] / f'{name}.jpg')
    elif split.form == 'labels':
        listing.write_text('\n'.join(f'{entry.classes[0]}/{name}.jpg 0' for name in names))
        for name in names:
            touch(root / files['image'] / entry.classes[0] / f'{name}.jpg')
    elif split.form == 'json':
        items = [{key: f'{key}/{name}.tif' for key in files.values()} for name in names]
        listing.write_text(json.dumps(items))
        for item in items:
            for path in item.values():
                touch(root / path)
    else:
        parts = {'scene': 'a', **{key: values[0] for key, values in split.only.items()}}
        used = [key for key in parts if any(f'{{{key}}}' in pattern for pattern in files.values())]
        for name in names:
            for pattern in files.values():
                path = root / without_choice(pattern, {**parts, 'id': name})
                touch(path, XML if path.suffix == '.xml' else '')
        if split.form == 'names':
            listing.write_text('\n'.join('/'.join([*(parts[key] for key in used), name]) for name in names))


def without_choice(pattern: str, parts: dict[str, str]) -> str:
    """A path of a pattern; of optional texts the last."""
    optional = [token[2] for token in TOKEN.finditer(pattern) if token[2]]
    return TOKEN.sub(
        lambda token: parts[token[1]] if token[1] else token[2] if token[2] == optional[-1] else '', pattern
    )


def touch(path: Path, text: str = '') -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def read(dataset: dict[str, Any], root: Path) -> set[str]:
    """Images that a config's dataset finds below ``root``."""
    config = {**dataset, 'data_root': str(root), 'pipeline': [], 'serialize_data': False, 'test_mode': True}
    scope = HOSTS.get(dataset['type'], 'mmseg')
    if dataset['type'] in ('mmrs.CatalogueSceneDataset', 'mmrs.TreeSatAI'):
        scope = 'mmpretrain'
    import_host(scope)
    with DATASETS.switch_scope_and_registry(scope) as registry:
        data = registry.build(config)
    data.full_init()
    return {str(Path(data.get_data_info(index)['img_path'])) for index in range(len(data))}


@pytest.mark.parametrize('name', BASES)
def test_configs_read_the_layout_of_the_record(name: str, tmp_path: Path) -> None:
    config = BASES[name]
    entry = FOLDERS[Path(config.data_root).name]
    if entry.name == 'treesatai':
        ids = [f'{split.name}{index}' for split in entry.splits for index in range(2)]
        labels = [dict(id=one, species=[entry.classes[0]], share=[1.0]) for one in ids]
        touch(tmp_path / 'labels.json', json.dumps(labels))
    for split in entry.splits:
        lay_out(tmp_path, entry, split)
    known = {}
    for split in entry.splits:
        found = find_samples(tmp_path, split, entry.classes)
        images = {str(next(iter(sample.files.values()))) for sample in found.samples}
        known[split.name] = images
        assert images and found.problems == [], split.name
    for loader in LOADERS:
        for dataset in datasets_of(config.get(loader)):
            images = read(dataset.to_dict(), tmp_path)
            wanted = [known[dataset['split']]] if dataset.get('split') else known.values()
            assert images in list(wanted), (loader, images)


@pytest.mark.parametrize('name', LAYOUTS)
def test_every_copy_of_a_set_of_pairs_is_verified_and_read(name: str, tmp_path: Path) -> None:
    entry = next(entry for entry in ENTRIES if entry.name == name)
    for copy in range(len(LAYOUTS[name])):
        root = tmp_path / str(copy)
        for split in entry.splits:
            lay_out(root, entry, split, copy)
        for split in entry.splits:
            found = find_samples(root, split)
            images = read(dict(type='mmrs.ChangeDataset', layout=name, split=split.name), root)
            assert found.problems == [] and images == {str(sample.files['before']) for sample in found.samples}
            assert f'/{LAYOUTS[name][copy][0]}/' in next(iter(images)) and len(images) == 2


def test_every_catalogued_set_with_a_config_is_looked_at() -> None:
    looked_at = {FOLDERS[Path(config.data_root).name].name for config in BASES.values()}
    assert {entry.name for entry in ENTRIES} - looked_at == {'dota-v1.0'}  # read as tiles
