"""What a checkpoint is: its form, the models in it, how much of each catalogue entry they fill, and how to use them.

Only names and shapes are looked at. Everything is asked of the catalogue and of :mod:`mmrs.weights.convert`, so that a
new system shows up here with its entries and rules.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.errors import WeightsError
from mmrs.weights.catalogue import CATALOGUE, ENTRIES, Entry
from mmrs.weights.convert import WRAPPERS, KeyFormat, find_prefixes, to_mmrs
from mmrs.weights.files import is_safetensors, tensors_of
from mmrs.weights.load import adapt_to, match
from mmrs.weights.rewrite import read_without_code
from mmrs.weights.store import recorded_sha256

if TYPE_CHECKING:
    from torch import Tensor, nn

# What training loops write beside the weights, and what is worth telling of it.
PROGRESS = ('epoch', 'iter', 'global_step', 'step')
META = (
    *PROGRESS,
    *('time', 'experiment_name', 'mmengine_version', 'format'),
    *('mmrs_keys', 'mmrs_part', 'mmrs_iter', 'mmrs_source_sha256'),
)


@dataclass(frozen=True)
class Fit:
    """How a part of a file fits a catalogue entry.

    Attributes:
        name: Catalogue name.
        coverage: Share of the entry's tensors that the part fills, 0 to 1.
        enough: Whether that is what the entry asks for.
        same_names: Whether the names are those of the published file.
        resized: Tensors that would be resized first.
        missing: Tensors of the model that the part has not.
        mismatched: Tensors of another shape.
        unexpected: Tensors of the part that the model has not.
    """

    name: str
    coverage: float
    enough: bool
    same_names: bool
    resized: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    mismatched: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """A known model in a file.

    Attributes:
        prefix: What precedes its names, with the dot.
        key_format: Its naming.
        tensors: Number of tensors.
        parameters: Number of values in them.
        in_channels: Channels of its first convolution; None if it has none.
        fits: Catalogue entries, the best first.
        config: Config lines that use it; None if it fits no entry well enough.
    """

    prefix: str
    key_format: str
    tensors: int
    parameters: int
    in_channels: int | None
    fits: tuple[Fit, ...]
    config: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Catalogue entries that it may be: of those that it fills best, the ones of its naming if there are any."""
        enough = [fit for fit in self.fits if fit.enough]
        best = [fit for fit in enough if fit.coverage == max(fit.coverage for fit in enough)]
        exact = [fit for fit in best if not fit.resized] or best
        return tuple(fit.name for fit in [fit for fit in exact if fit.same_names] or exact)


@dataclass(frozen=True)
class Inspection:
    """What a file is.

    Attributes:
        path: The file.
        size: Bytes.
        form: ``'safetensors'`` or ``'torch'``.
        sha256: Checksum, if it was recorded before.
        published_as: Catalogue entry with this checksum.
        tensors: Number of tensors.
        dtypes: Number of tensors by type.
        meta: What the file says about its training.
        classes: Class names that it was trained for, if it says so.
        code: Objects in the pickle that need code and were left out.
        parts: Known models.
        others: Number of further tensors by the first component of their name.
    """

    path: str
    size: int
    form: str
    sha256: str | None
    published_as: str | None
    tensors: int
    dtypes: dict[str, int]
    meta: dict[str, Any]
    classes: tuple[str, ...]
    code: tuple[str, ...]
    parts: tuple[Part, ...]
    others: dict[str, int]


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Looks into a checkpoint without running any code that it holds and without reading the values of its tensors.

    Args:
        path: safetensors file, or what ``torch.save`` wrote; the latter's old form, before torch 1.6, is read whole.

    Raises:
        WeightsError: The file is missing, empty, cut short, damaged, no checkpoint, or holds no known model.
    """
    path = Path(path).expanduser()
    form, shapes, about, code = _read(path)
    plain = {WRAPPERS.sub('', name): value for name, value in shapes.items()}
    prefixes = find_prefixes(plain)
    if not prefixes:
        _refuse_unknown(path, plain)
    models = _meta_models()
    parts = tuple(_part(path, shapes, plain, prefix, prefixes, models) for prefix in prefixes)
    sha256 = recorded_sha256(path)
    return Inspection(
        path=os.fspath(path),
        size=path.stat().st_size,
        form=form,
        sha256=sha256,
        published_as=next((entry.name for entry in ENTRIES if sha256 and entry.sha256 == sha256), None),
        tensors=len(shapes),
        dtypes=dict(Counter(str(value.dtype).removeprefix('torch.') for value in shapes.values())),
        meta=_meta(about),
        classes=_classes(about),
        code=tuple(code),
        parts=parts,
        others=dict(Counter(name.split('.')[0] for name in plain if not name.startswith(tuple(prefixes)))),
    )


def _read(path: Path) -> tuple[str, dict[str, Tensor], Mapping[str, Any], list[str]]:
    """Form, tensors on the meta device, what else is in the file, and the names of objects that need code."""
    import torch

    # Both forms are mapped into memory: tensors that nobody looks into are not read.
    checkpoint, code = read_without_code(path)
    tensors = tensors_of(checkpoint, path)
    form = 'safetensors' if is_safetensors(path) else 'torch'
    return form, {name: torch.empty_like(value, device='meta') for name, value in tensors.items()}, checkpoint, code


def _refuse_unknown(path: Path, names: Mapping[str, object]) -> None:
    shown = ', '.join(list(names)[:3]) + (', ...' if len(names) > 3 else '')
    raise WeightsError(
        path,
        f'{len(names)} tensors ({shown}) and none of the models that mmrs knows',
        'a file of a system that `mmrs weights list` names',
        'Compare the names with docs/weights.md; a model of your own loads through load_from or init_cfg of mmengine.',
    )


def _meta_models() -> dict[str, nn.Module]:
    """Every catalogue model on the meta device: no memory, whatever its size."""
    import torch

    import mmrs.models  # noqa: F401  (registers them)
    from mmrs.registry import MODELS

    with torch.device('meta'):
        return {entry.name: MODELS.build(dict(entry.model)) for entry in ENTRIES}


def _part(
    path: Path,
    shapes: Mapping[str, Tensor],
    plain: Mapping[str, Tensor],
    prefix: str,
    prefixes: list[str],
    models: Mapping[str, nn.Module],
) -> Part:
    inside = {name[len(prefix) :]: value for name, value in plain.items() if name.startswith(prefix)}
    converted = to_mmrs(inside, '', subject=os.fspath(path))
    fits = [_fit(entry, inside, models[entry.name], converted.key_format) for entry in ENTRIES]
    fits.sort(key=lambda fit: (not fit.enough, -fit.coverage, bool(fit.resized), not fit.same_names))
    stem = next((value for name, value in converted.state.items() if name.endswith('patch_embed.proj.weight')), None)
    found = Part(
        prefix=prefix,
        key_format=converted.key_format.value,
        tensors=len(inside),
        parameters=sum(prod(value.shape) for value in inside.values()),
        in_channels=None if stem is None else stem.shape[1],
        fits=tuple(fits),
        config=None,
    )
    if not found.names:
        return found
    entry = CATALOGUE[found.names[0]]
    wants_prefix = len(prefixes) > 1 and not _finds_itself(models[entry.name], prefix)
    lines = config_lines(entry, path, prefix.rstrip('.') if wants_prefix else None, _place(models[entry.name]))
    return Part(**{**vars(found), 'config': lines})


def _place(model: nn.Module) -> str:
    """Where a config has such a model."""
    package = type(model).__module__
    return 'neck' if '.necks' in package else 'model' if '.pretrain' in package else 'backbone'


def _finds_itself(model: nn.Module, prefix: str) -> bool:
    return any(f'.{prefix}'.endswith(f'.{part}.') for part in getattr(model, 'weights_parts', ()))


def _fit(entry: Entry, part: Mapping[str, Tensor], model: nn.Module, key_format: KeyFormat) -> Fit:
    wanted = model.state_dict()
    state, resized = adapt_to(model, to_mmrs(part, '', wanted=wanted).state)
    report = match(entry.name, wanted, state, key_format)
    return Fit(
        name=entry.name,
        coverage=report.coverage,
        enough=bool(report.loaded) and report.coverage >= entry.min_coverage,
        same_names=entry.key_format is key_format,
        resized=resized,
        missing=report.missing,
        mismatched=tuple(name for name, _, _ in report.mismatched),
        unexpected=report.unexpected,
    )


def config_lines(entry: Entry, path: str | os.PathLike[str], prefix: str | None = None, place: str = 'backbone') -> str:
    """Config lines that build an entry's model and fill it from a file.

    Args:
        entry: Catalogue entry.
        path: The file.
        prefix: Part of the file that is wanted, where it is not the only one.
        place: Key of the config that takes the model.
    """
    options = [f'    {name}={value!r},' for name, value in entry.model.items()]
    part = f', prefix={prefix!r}' if prefix else ''
    load = f"    init_cfg=dict(type='mmrs.Pretrained', checkpoint={os.fspath(path)!r}{part}),"
    return '\n'.join([f'{place}=dict(', *options, load, ')'])


def _meta(about: Mapping[str, Any]) -> dict[str, Any]:
    inner = about.get('meta')
    found = {**about, **(inner if isinstance(inner, Mapping) else {})}
    return {name: found[name] for name in META if isinstance(found.get(name), (int, float, str))}


def _classes(about: Mapping[str, Any]) -> tuple[str, ...]:
    inner = about.get('meta')
    dataset = inner.get('dataset_meta') if isinstance(inner, Mapping) else None
    classes = dataset.get('classes') if isinstance(dataset, Mapping) else None
    return tuple(map(str, classes)) if isinstance(classes, (tuple, list)) else ()
