"""All that a person needs to use one config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mmrs.apis.config import config_root, find_config, load_config
from mmrs.apis.zoo.metafile import read_zoo
from mmrs.apis.zoo.records import NOT_TRAINED, Record, metrics_text, published_text
from mmrs.errors import ConfigError
from mmrs.weights.catalogue import CATALOGUE

if TYPE_CHECKING:
    from mmengine.config import Config


@dataclass(frozen=True)
class Details:
    """One config in use.

    Attributes:
        record: Its record.
        path: Its file.
        data_root: Folder that it reads, before ``--cfg-options``.
        weights: Released weights that it starts from, by name, with how to get them.
        commands: What to type, by purpose.
    """

    record: Record
    path: str
    data_root: str
    weights: Mapping[str, str]
    commands: Mapping[str, str]

    def extra(self) -> dict[str, Any]:
        """What goes beyond the record, for JSON."""
        return {key: value for key, value in asdict(self).items() if key != 'record'}

    def rows(self) -> Iterator[tuple[str, str]]:
        """Fields and values to print."""
        record, data = self.record, self.record.data
        yield 'file', self.path
        yield 'model', f'{record.collection}: {record.paper}'
        yield 'task', data.task
        yield 'data', f'{data.title}; read from {self.data_root}'
        for line in data.layout:
            yield 'layout', line
        yield 'fetch', data.fetch + (f'; more: mmrs data info {data.name}' if data.catalogued else '')
        for name, how in self.weights.items():
            yield 'weights', f'{name}: {how}'
        if not self.weights:
            yield 'weights', 'none: starts from random numbers'
        yield from self.commands.items()
        for result in record.published:
            yield 'published', f'{metrics_text(result.metrics)}: {result.source}; {result.protocol}'
        if not record.published:
            yield 'published', published_text(record)
        for score in record.measured:
            text = f'{metrics_text(score.metrics)}: {score.how}; seed {score.seed}; log: {score.log}; '
            yield 'measured', f'{text}sha256: {score.checksum}'
        if not record.measured:
            yield 'measured', NOT_TRAINED
        if record.note:
            yield 'note', record.note


def describe(name: str) -> Details:
    """Describes a config.

    Args:
        name: Name below ``configs/``, with or without ``.py``.

    Raises:
        ConfigError: There is no such config, or it has no record.
    """
    path = find_config(name)
    records = {config_root() / record.config: record for record in read_zoo()}
    record = next((record for known, record in records.items() if known.resolve() == path.resolve()), None)
    if record is None:
        fix = 'See `mmrs zoo list`; docs/configs.md says how to add a record.'
        raise ConfigError(path, 'no record', f'one in {path.parent / "metafile.yml"}', fix)
    config = load_config(path)
    return Details(
        record=record,
        path=str(path),
        data_root=str(config.get('data_root')),
        weights={weight: _how_to_get(weight) for weight in weights_of(config.model)},
        commands=_commands(config, record),
    )


def weights_of(node: Any) -> list[str]:
    """Names of released weights in a model's config, in their order."""
    found: list[str] = []
    if isinstance(node, Mapping):
        for key, value in node.items():
            named = value.values() if key == 'weights' and isinstance(value, Mapping) else [value]
            if key in ('checkpoint', 'weights'):
                found += [item for item in named if isinstance(item, str)]
            else:
                found += weights_of(value)
    elif isinstance(node, (list, tuple)):
        for item in node:
            found += weights_of(item)
    return list(dict.fromkeys(found))


def _how_to_get(name: str) -> str:
    if name not in CATALOGUE:
        return 'downloaded on first use' if '://' in name else 'a file of yours'
    entry = CATALOGUE[name]
    if entry.broken:
        return f'broken as published: {entry.broken}'
    return f'mmrs weights download {name}' if entry.url else f'by hand: {entry.share_page} ({entry.share_note})'


def _commands(config: Config, record: Record) -> dict[str, str]:
    name = record.config.removesuffix('.py')
    loop = config.train_cfg
    last = f'epoch_{loop.max_epochs}' if loop.get('max_epochs') else f'iter_{loop.get("max_iters")}'
    checkpoint = f'work_dirs/{record.stem}/{last}.pth'
    root = '--cfg-options data_root=PATH'
    inputs = {'classification': 'IMAGES', 'change detection': 'BEFORE.tif --after AFTER.tif'}
    training = {
        'train': f'mmrs train {name} {root}',
        'on 8 GPUs': f'tools/dist_train.sh configs/{record.config} 8 {root}',
    }
    if record.data.task == 'pretraining':
        return training
    return {
        **training,
        'test': f'mmrs test {name} {checkpoint} {root}',
        'predict': f'mmrs predict {name} {checkpoint} {inputs.get(record.data.task, "SCENE.tif")} -o maps',
    }
