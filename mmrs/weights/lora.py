"""Merging of trained low-rank adapters into the weights that they adapt, for export."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.errors import ConfigError, WeightsError
from mmrs.weights.convert import to_mmrs
from mmrs.weights.files import read_checkpoint, read_state_dict, tensors_of
from mmrs.weights.rewrite import SUFFIXES, write_state

if TYPE_CHECKING:
    from torch import Tensor

DOWN, UP, SCALING = '.lora_down.weight', '.lora_up.weight', '.lora_scaling'


@dataclass(frozen=True)
class Merged:
    """What a merge did.

    Attributes:
        source: File that was read.
        target: File that was written; None in a dry run.
        layers: Layer, rank and factor of every adapter.
        tensors: Number of tensors in the result.
    """

    source: Path
    target: Path | None
    layers: tuple[tuple[str, int, float], ...]
    tensors: int


def merge_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    base: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
) -> Merged:
    """Writes a checkpoint for the plain backbone: the config without ``mmrs.LoRA``.

    Args:
        source: Checkpoint of a model with :class:`mmrs.models.LoRA`.
        target: ``.safetensors``, ``.pth`` or ``.pt``; the latter two keep the checkpoint's ``meta`` (classes).
        base: Weights that the adapters were trained for, where the checkpoint holds adapters alone.
        dry_run: Write nothing.

    Raises:
        WeightsError: A file cannot be read or written, holds no adapters, or does not fit the other.
        ConfigError: The target's suffix is not supported.
    """
    source, target = Path(source), Path(target)
    if target.suffix not in SUFFIXES:
        raise ConfigError(target, f'suffix {target.suffix!r}', ', '.join(SUFFIXES), 'Rename the output.')
    checkpoint = read_checkpoint(source)
    state = tensors_of(checkpoint, source)
    if base is not None:
        state = {**_under(state, base), **state}
    merged = merge_state(state, os.fspath(source))
    if not dry_run:
        write_state(merged, target, dict(checkpoint.get('meta') or {}))
    layers = tuple((name, *_about(state, name)) for name in _layers(state))
    return Merged(source, None if dry_run else target, layers, len(merged))


def merge_state(state: Mapping[str, Tensor], subject: str = 'state dict') -> dict[str, Tensor]:
    """Adds every adapter to the weight of its layer; the result has no adapters.

    The sum is taken in float64 and kept in the weight's own type.

    Args:
        state: Tensors of a model with :class:`mmrs.models.LoRA`.
        subject: What error messages call it.

    Raises:
        WeightsError: There are no adapters, or the weight of a layer, or a part of an adapter, is missing.
    """
    layers = _layers(state)
    if not layers:
        raise WeightsError(subject, 'no adapters (names with .lora_)', 'a checkpoint of mmrs.LoRA', 'Give that one.')
    merged = {name: value for name, value in state.items() if '.lora_' not in name}
    for layer in layers:
        needed = {f'{layer}{UP}', f'{layer}{SCALING}'} - state.keys()
        if needed:
            raise WeightsError(subject, f'no {", ".join(sorted(needed))}', 'whole adapters', 'Save the model again.')
        if f'{layer}.weight' not in merged:
            fix = 'Give the weights that the adapters were trained for: --base FILE.'
            raise WeightsError(subject, f'adapters without {layer}.weight', 'the weights that they adapt', fix)
        weight = merged[f'{layer}.weight']
        change = state[f'{layer}{UP}'].double() @ state[f'{layer}{DOWN}'].double() * state[f'{layer}{SCALING}'].double()
        if change.shape != weight.shape:
            found = f'{layer}.weight of {tuple(weight.shape)} for an adapter of {tuple(change.shape)}'
            raise WeightsError(subject, found, 'one shape', 'Give the weights that the adapters were trained for.')
        merged[f'{layer}.weight'] = (weight.double() + change).to(weight.dtype)
    return merged


def _layers(state: Mapping[str, Any]) -> list[str]:
    return [name.removesuffix(DOWN) for name in state if name.endswith(DOWN)]


def _about(state: Mapping[str, Tensor], layer: str) -> tuple[int, float]:
    return len(state[f'{layer}{DOWN}']), float(state[f'{layer}{SCALING}'])


def _under(state: Mapping[str, Tensor], base: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The base weights in our names, put where the adapters are, such as under ``backbone.``."""
    layer = next(iter(_layers(state)), '')
    names = layer.split('.')
    weights = to_mmrs(read_state_dict(base), subject=os.fspath(base)).state
    for depth in range(len(names)):
        if f'{".".join(names[depth:])}.weight' in weights:
            prefix = ''.join(f'{name}.' for name in names[:depth])
            return {prefix + name: value for name, value in weights.items()}
    raise WeightsError(base, f'no weight for {layer}', 'the weights that the adapters were trained for', 'Give these.')
