"""Conversion of whole files: any naming in, any naming out, and the way out of an unsafe pickle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.errors import ConfigError, WeightsError
from mmrs.weights.convert import PRETRAINING_ONLY, KeyFormat, from_mmrs, to_mmrs
from mmrs.weights.files import (
    check_present,
    load_pickle,
    read_checkpoint,
    replacing,
    sha256_of,
    tensors_of,
    unsafe_names,
    write_safetensors,
)

if TYPE_CHECKING:
    from torch import Tensor

TARGETS = (
    KeyFormat.MMRS,
    KeyFormat.DINOV2,
    KeyFormat.MMPRETRAIN,
    KeyFormat.SKYSENSE_VIT,
    KeyFormat.SKYSENSE_HR,
    KeyFormat.SKYSENSE_FUSION,
    KeyFormat.SKYSENSEPP,
    KeyFormat.TIMM_SWINV2,
    KeyFormat.MARS,
    KeyFormat.MARS_PRETRAINING,
)
SUFFIXES = ('.safetensors', '.pth', '.pt')
# DINOv2's own loader expects what pretraining alone uses; ours and mmpretrain's do not.
_KEPT = {KeyFormat.DINOV2: PRETRAINING_ONLY}


@dataclass(frozen=True)
class Rewritten:
    """What a conversion did.

    Attributes:
        source: File that was read.
        target: File that was written; None in a dry run.
        found: Naming of the source.
        to: Naming of the target.
        prefix: What preceded the names in the source.
        names: (name in the target, shape) of every tensor.
        dropped: Names in the source that were left out.
        ignored: Objects in the pickle that needed code and were left out, or run where they were trusted.
    """

    source: Path
    target: Path | None
    found: KeyFormat
    to: KeyFormat
    prefix: str
    names: tuple[tuple[str, tuple[int, ...]], ...]
    dropped: tuple[str, ...]
    ignored: tuple[str, ...]


def rewrite(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    to: KeyFormat = KeyFormat.MMRS,
    *,
    prefix: str | None = None,
    add_prefix: str = '',
    trust_pickle: bool = False,
    dry_run: bool = False,
) -> Rewritten:
    """Converts a checkpoint to another naming and file form.

    A pickle that names unknown objects is read with inert stand-ins for them: no code of the file runs, its tensors
    come out. Only ``trust_pickle`` unpickles in full, and that runs whatever code the file holds.

    Args:
        source: Checkpoint in any known naming; an unknown naming is copied name by name.
        target: ``.safetensors``, or ``.pth``/``.pt`` (``{'state_dict': ...}``, for hosts that read only this).
        to: Naming of the target.
        prefix: Part of the source that is wanted, such as ``'backbone'``.
        add_prefix: Put before every name in the target.
        trust_pickle: Unpickle in full. For files whose author you trust with your machine.
        dry_run: Write nothing.

    Raises:
        WeightsError: If the source cannot be read, is ambiguous, or the target cannot be written.
        ConfigError: If the target's suffix or naming is not supported.
    """
    source, target = Path(source), Path(target)
    if target.suffix not in SUFFIXES:
        raise ConfigError(target, f'suffix {target.suffix!r}', ', '.join(SUFFIXES), 'Rename the output.')
    if to not in TARGETS:
        raise ConfigError('--to', to.value, ', '.join(item.value for item in TARGETS), 'Choose one of these.')
    checkpoint, ignored = _unpickle(source) if trust_pickle else read_without_code(source)
    converted = to_mmrs(tensors_of(checkpoint, source), prefix, _KEPT.get(to, ()), os.fspath(source))
    state = from_mmrs(converted.state, to, add_prefix, subject=os.fspath(source))
    if not dry_run:
        write_state(state, target, {'mmrs_keys': to.value, 'mmrs_source_sha256': sha256_of(source)})
    return Rewritten(
        source=source,
        target=None if dry_run else target,
        found=converted.key_format,
        to=to,
        prefix=converted.prefix,
        names=tuple((name, tuple(value.shape)) for name, value in state.items()),
        dropped=converted.dropped,
        ignored=tuple(ignored),
    )


def read_without_code(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Reads a checkpoint with inert stand-ins for objects that need code.

    Returns:
        The checkpoint, and the names of these objects.

    Raises:
        WeightsError: If the file is missing or damaged, or its tensors cannot be taken out that way.
    """
    check_present(path)
    try:
        return read_checkpoint(path), []
    except WeightsError as refused:
        names = unsafe_names(path)
        if not names:
            raise
        return _read_inert(path, names, refused), names


def _read_inert(path: Path, names: list[str], refused: WeightsError) -> dict[str, Any]:
    """Reads a pickle with stand-ins for the objects that need code."""
    from mmrs.weights.safe_pickle import Inert

    # One class for each name: torch keeps the list by class.
    stand_ins = tuple((type('Inert', (Inert,), {}), name) for name in names)
    try:
        return load_pickle(path, extra=stand_ins)
    except WeightsError as error:
        raise WeightsError(
            path,
            f'a pickle whose tensors cannot be taken out without running it ({", ".join(names)})',
            'tensors and plain containers',
            'If you trust its author with this machine, and only then: add --trust-pickle.',
        ) from error


def _unpickle(path: Path) -> tuple[dict[str, Any], list[str]]:
    import torch

    check_present(path)
    names = unsafe_names(path)

    try:
        loaded = torch.load(path, map_location='cpu', weights_only=False)
    except Exception as error:  # code from the file runs here: it may raise anything
        raise WeightsError(
            path, f'a pickle that does not load ({error})', 'a checkpoint', 'Install what it was saved with.'
        ) from error
    return loaded if isinstance(loaded, dict) else {'state_dict': loaded.state_dict()}, names


def write_state(state: Mapping[str, Tensor], target: Path, metadata: Mapping[str, Any]) -> None:
    """Writes tensors as safetensors or as ``{'state_dict': ..., 'meta': ...}``, by the suffix of the target.

    Args:
        state: Tensors by name.
        target: File that is written under a temporary name and renamed.
        metadata: What to write beside them; safetensors takes only its strings.

    Raises:
        WeightsError: If the file cannot be written; nothing is left behind.
    """
    if target.suffix == '.safetensors':
        write_safetensors(state, target, {name: text for name, text in metadata.items() if isinstance(text, str)})
        return
    import torch

    plain = {name: value.detach().cpu().clone() for name, value in state.items()}
    with replacing(target) as temporary, open(temporary, 'wb') as file:
        try:
            torch.save({'state_dict': plain, 'meta': dict(metadata)}, file)
        except RuntimeError as error:  # how torch's writer tells of a full disk
            raise OSError('a failed write (is the disk full?)') from error
