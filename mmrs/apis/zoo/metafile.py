"""Reads ``configs/<method>/metafile.yml``.

The notions are those of OpenMMLab's metafiles (collections, models, results). A model's name may stand for a family:
``cgeartheye-{small,base}_upernet_160k_isaid-518`` is two configs, as in a shell.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmrs.apis.config import config_root
from mmrs.apis.zoo.records import Data, Measured, Published, Record, dataset_part
from mmrs.datasets.catalogue import CATALOGUE, Dataset
from mmrs.errors import ConfigError

BRACES = re.compile(r'\{([^{}]*)\}')
KEYS = {
    'Collections': {'Name', 'Paper', 'Protocol'},
    'Datasets': {'Name', 'Title', 'Task', 'Folder', 'Layout', 'Fetch'},
    'Models': {'Name', 'In Collection', 'Dataset', 'Task', 'Note', 'Published', 'Measured'},
    'Published': {'Of', 'Metrics', 'Source', 'Protocol'},
    'Measured': {'Of', 'Metrics', 'Seed', 'How', 'Page', 'Log', 'Checksum'},
}
OPTIONAL = {'Of', 'Page', 'Protocol', 'Dataset', 'Task', 'Note', 'Published', 'Measured'}


def read_zoo(root: Path | None = None) -> list[Record]:
    """Reads all metafiles.

    Args:
        root: Folder of the configs; None takes the one that comes with mmrs.

    Returns:
        A record for each config that a metafile names, in the order of the metafiles.

    Raises:
        ConfigError: A metafile cannot be read, lacks a key, has one too many, or names a config twice.
    """
    files = {path: _load(path) for path in sorted((root or config_root()).glob('*/metafile.yml'))}
    own = {item['Name']: _own_data(item) for content in files.values() for item in content.get('Datasets', [])}
    records: dict[str, Record] = {}
    for path, content in files.items():
        for record in _records(path, content, own):
            if record.config in records:
                raise ConfigError(path, f'a second record of {record.config}', 'one', 'Remove one of the two.')
            records[record.config] = record
    return list(records.values())


def expand(name: str) -> list[str]:
    """All names that a name with alternatives in braces stands for."""
    parts = BRACES.split(name)
    choices = [part.split(',') if index % 2 else [part] for index, part in enumerate(parts)]
    return [''.join(choice) for choice in itertools.product(*choices)]


def _records(path: Path, content: Mapping[str, Any], own: Mapping[str, Data]) -> Iterator[Record]:
    collections = {item['Name']: item for item in content.get('Collections', [])}
    for model in content.get('Models', []):
        collection = collections.get(model['In Collection'])
        if collection is None:
            found = f'In Collection: {model["In Collection"]}'
            raise ConfigError(path, found, f'one of {", ".join(collections)}', 'Add the collection.')
        stems = expand(model['Name'])
        for key in ('Published', 'Measured'):
            for result in model.get(key, []):
                if not any(result.get('Of', '') in stem for stem in stems):
                    fix = 'Name a part of a config of this model.'
                    raise ConfigError(path, f'{key} of {result["Of"]!r}', f'a part of {model["Name"]}', fix)
        scored = tuple(stem for stem in stems if _of(model, 'Published', stem))
        for stem in stems:
            yield Record(
                config=f'{path.parent.name}/{stem}.py',
                collection=collection['Name'],
                paper=collection['Paper'],
                data=_data(path, model, stem, own),
                published=tuple(_published(item, collection) for item in _of(model, 'Published', stem)),
                measured=tuple(_measured(item) for item in _of(model, 'Measured', stem)),
                note=model.get('Note', ''),
                other_sizes=tuple(other for other in scored if other != stem),
            )


def _of(model: Mapping[str, Any], key: str, stem: str) -> list[Mapping[str, Any]]:
    return [result for result in model.get(key, []) if result.get('Of', '') in stem]


def _published(item: Mapping[str, Any], collection: Mapping[str, Any]) -> Published:
    protocol = item.get('Protocol') or collection.get('Protocol', 'not stated')
    return Published(dict(item['Metrics']), item['Source'], protocol)


def _measured(item: Mapping[str, Any]) -> Measured:
    return Measured(
        metrics=dict(item['Metrics']),
        seed=item['Seed'],
        how=item['How'],
        page=item.get('Page', ''),
        log=item['Log'],
        checksum=item['Checksum'],
    )


def _own_data(item: Mapping[str, Any]) -> Data:
    layout = tuple(item['Layout'])
    return Data(item['Name'], item['Title'], item['Task'], item['Folder'], layout, item['Fetch'], catalogued=False)


def _data(path: Path, model: Mapping[str, Any], stem: str, own: Mapping[str, Data]) -> Data:
    name = model.get('Dataset') or dataset_part(stem)
    if name in own:
        return replace(own[name], task=model.get('Task') or own[name].task)
    if name not in CATALOGUE:
        fix = 'Add `Dataset:` with a name of `mmrs data list`, or an entry under `Datasets:` of this file.'
        raise ConfigError(path, f'{stem} on the dataset {name!r}', 'a dataset with a documented layout', fix)
    entry = CATALOGUE[name]
    return Data(
        name=name,
        title=entry.title,
        task=model.get('Task') or entry.task,
        folder=entry.folder,
        layout=tuple(_layout(entry)),
        fetch=f'mmrs data download {name}' if entry.zenodo else entry.by_hand,
        catalogued=True,
    )


def _layout(entry: Dataset) -> Iterator[str]:
    for split in entry.splits:
        listed = f'{split.listing}: ' if split.listing else ''
        files = ', '.join(f'{role} {pattern or "paths of the list"}' for role, pattern in split.files.items())
        yield f'{split.name}: {listed}{files}'


def _load(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        reason = ' '.join(str(error).split())
        raise ConfigError(path, reason, 'a metafile in YAML', 'Mend it: docs/configs.md shows one.') from error
    if not isinstance(content, dict):
        raise ConfigError(path, type(content).__name__, 'sections Collections and Models', 'See docs/configs.md.')
    for section, items in content.items():
        if section not in ('Collections', 'Datasets', 'Models'):
            raise ConfigError(path, f'section {section!r}', 'Collections, Datasets, Models', 'Rename or remove it.')
        _check_items(path, section, items)
    return content


def _check_items(path: Path, section: str, items: object) -> None:
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise ConfigError(path, f'{section}: {items!r}', 'a list', 'Start each entry with `- `.')
    for item in items:
        keys = set(item) if isinstance(item, Mapping) else set()
        wrong = sorted(keys - KEYS[section]) + sorted(KEYS[section] - OPTIONAL - keys)
        if wrong:
            name = item.get('Name', '') if isinstance(item, Mapping) else item
            expected = f'{", ".join(sorted(KEYS[section] - OPTIONAL))} and perhaps '
            expected += ', '.join(sorted(KEYS[section] & OPTIONAL)) or 'nothing else'
            raise ConfigError(path, f'{section} {name}: {", ".join(wrong)} missing or unknown', expected, 'Mend it.')
        if section == 'Models':
            for key in ('Published', 'Measured'):
                _check_items(path, key, item.get(key, []))
