"""Checks that every config parses, builds, has documented data and a record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from mmrs.apis.config import list_configs, load_config
from mmrs.apis.zoo.records import Record
from mmrs.errors import MmrsError

if TYPE_CHECKING:
    from mmengine.config import Config
    from torch import nn

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@dataclass(frozen=True)
class Checked:
    """Outcome for one config.

    Attributes:
        config: Name below ``configs/``.
        problems: What is wrong; empty where nothing is.
        parameters: Number of parameters of the model; None where it was not built.
    """

    config: str
    problems: tuple[str, ...]
    parameters: int | None = None


def check_zoo(
    records: Sequence[Record],
    wanted: Callable[[str], bool] = lambda config: True,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Checked]:
    """Checks configs and records against each other.

    Args:
        records: All records.
        wanted: Which configs to check, by name.
        progress: Called with the number done and of all.
    """
    by_name = {record.config: record for record in records}
    found = set(list_configs())
    names = [name for name in sorted(found | set(by_name)) if wanted(name)]
    outcomes = []
    for index, name in enumerate(names):
        record = by_name.get(name)
        outcomes.append(check_config(name, record) if name in found else Checked(name, ('a record without a config',)))
        progress(index + 1, len(names))
    return outcomes


def check_config(name: str, record: Record | None) -> Checked:
    """Checks one config.

    Args:
        name: Name below ``configs/``.
        record: Its record, if there is one.
    """
    problems = [] if record else [f'no record in configs/{PurePosixPath(name).parts[0]}/metafile.yml']
    try:
        config = load_config(name)
    except MmrsError as error:
        return Checked(name, (*problems, f'does not parse: {error}'))
    if record:
        problems += data_problems(config, record)
    try:
        model = build_on_meta(config)
    except Exception as error:  # constructors of any package run here
        return Checked(name, (*problems, f'does not build: {type(error).__name__}: {" ".join(str(error).split())}'))
    return Checked(name, tuple(problems), sum(value.numel() for value in model.parameters()))


def build_on_meta(config: Config) -> nn.Module:
    """Builds a config's model without memory for its parameters.

    Args:
        config: From :func:`mmrs.apis.config.load_config`; stays as it is.
    """
    import torch
    from mmengine.registry import MODELS
    from torch.overrides import TorchFunctionMode

    import mmrs.registry  # noqa: F401  (lets `type='mmrs.Name'` be found from any scope)
    from mmrs.engine.console import import_host

    class RatesOnCpu(TorchFunctionMode):
        # Backbones of mmpretrain and mmseg read rates of DropPath out of such a tensor while they are built.
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            device = {'device': 'cpu'} if func is torch.linspace else {}
            return func(*args, **{**(kwargs or {}), **device})

    scope = config.get('default_scope')
    import_host(scope)
    with torch.device('meta'), RatesOnCpu(), MODELS.switch_scope_and_registry(scope) as registry:
        return registry.build(config.model.copy())


def data_problems(config: Config, record: Record) -> Iterator[str]:
    """What a config reads other than its record documents.

    Args:
        config: As loaded.
        record: Its record.
    """
    data = record.data
    if not data.layout:
        yield f'the layout of {data.name} is not documented'
    root = config.get('data_root')
    if not isinstance(root, str):
        yield 'no `data_root` that moves the data'
    elif PurePosixPath(root).name != data.folder:
        yield f'reads the folder {root}, where {data.name} is documented as {data.folder}'
    for loader in LOADERS:
        for dataset in datasets_of(config.get(loader)):
            name = dataset.get('name')
            if data.catalogued and name is not None and name != data.name:
                yield f'{loader} reads {name}, the record says {data.name}'


def datasets_of(loader: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Datasets of a loader, without the wrappers around them.

    Args:
        loader: ``train_dataloader`` or the like of a config.
    """
    queue: list[Mapping[str, Any]] = [(loader or {}).get('dataset') or {}]
    found = []
    while queue:
        dataset = queue.pop(0)
        inner = [dataset['dataset']] if 'dataset' in dataset else list(dataset.get('datasets', []))
        queue += inner
        found += [] if inner else [dataset]
    return found
