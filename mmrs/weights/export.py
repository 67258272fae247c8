"""The backbone out of a pretraining checkpoint, in the form that released weights have."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.errors import ConfigError, WeightsError
from mmrs.weights.convert import WRAPPERS, KeyFormat, from_mmrs, to_mmrs
from mmrs.weights.files import check_present, read_checkpoint, sha256_of, tensors_of
from mmrs.weights.rewrite import SUFFIXES, TARGETS, write_state

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Backbone:
    """Where a pretraining model keeps a backbone.

    Attributes:
        prefix: What precedes its names in a checkpoint.
        naming: That of the released files of its system.
        model: What it is in a downstream config.
        spare: Taken only where it is asked for.
    """

    prefix: str
    naming: KeyFormat
    model: str
    spare: bool = False


BACKBONES: Mapping[str, Backbone] = {
    'teacher.backbone': Backbone('teacher.backbone.', KeyFormat.MMPRETRAIN, 'mmrs.CGEarthEye'),
    'student.backbone': Backbone('student.backbone.', KeyFormat.MMPRETRAIN, 'mmrs.CGEarthEye', spare=True),
    'encoder_rgb': Backbone('encoder_rgb.encoder.', KeyFormat.MARS, 'mmrs.MaRS'),
    'encoder_sar': Backbone('encoder_sar.encoder.', KeyFormat.MARS, 'mmrs.MaRS'),
    'backbone_hr': Backbone('backbone_hr.', KeyFormat.SKYSENSE_HR, 'mmrs.SkySenseHR'),
    'backbone_s2': Backbone('backbone_s2.', KeyFormat.SKYSENSE_VIT, 'mmrs.SkySenseS2'),
    'backbone_s1': Backbone('backbone_s1.', KeyFormat.SKYSENSE_VIT, 'mmrs.SkySenseS1'),
    'fusion': Backbone('fusion.', KeyFormat.SKYSENSE_FUSION, 'mmrs.SkySenseFusion'),
}
# What a trainer puts around a whole model.
OUTER = ('', 'model.')


@dataclass(frozen=True)
class Exported:
    """What an export did.

    Attributes:
        source: Checkpoint that was read.
        target: File that was written; None in a dry run.
        part: What was taken.
        naming: Of the target.
        model: What it is in a downstream config; None where that is not known.
        names: (name in the target, shape) of every tensor.
        left: Tensors of the checkpoint that were left out.
        iteration: Of the checkpoint; None if it does not say.
    """

    source: Path
    target: Path | None
    part: str
    naming: KeyFormat
    model: str | None
    names: tuple[tuple[str, tuple[int, ...]], ...]
    left: int
    iteration: int | None

    @property
    def parameters(self) -> int:
        """Number of values."""
        import math

        return sum(math.prod(shape) for _, shape in self.names)


def export(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    part: str | None = None,
    to: KeyFormat | None = None,
    *,
    overwrite: bool = False,
    dry_run: bool = False,
) -> Exported:
    """Writes the backbone of a pretraining checkpoint to a file of its own.

    Args:
        source: Checkpoint of ``mmrs train``; no code of it runs.
        target: ``.safetensors``, or ``.pth``/``.pt``.
        part: One of ``BACKBONES``, or any prefix of names in the checkpoint; None takes the only backbone that is
            there, and of student and teacher the teacher.
        to: Naming of the target; None: that of the system's released files, and ours for another prefix.
        overwrite: Replace a target that is there.
        dry_run: Write nothing.

    Raises:
        WeightsError: The checkpoint cannot be read, or holds no such part or several; the target is there already or
            cannot be written.
        ConfigError: The target's suffix or naming is not supported.
    """
    source, target = Path(source), Path(target)
    _check_target(target, to, overwrite or dry_run)
    check_present(source)
    checkpoint = read_checkpoint(source)
    state = {WRAPPERS.sub('', name): value for name, value in tensors_of(checkpoint, source).items()}
    part, prefix, known = _choose(state, part, source)
    inside = {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}
    naming = to or (known.naming if known else KeyFormat.MMRS)
    ours = to_mmrs(inside, '', subject=f'{source} ({part})').state
    named: dict[str, Tensor] = from_mmrs(ours, naming, subject=os.fspath(source))
    iteration = _iteration(checkpoint)
    if not dry_run:
        about = {'mmrs_keys': naming.value, 'mmrs_source_sha256': sha256_of(source), 'mmrs_part': part}
        write_state(named, target, about if iteration is None else {**about, 'mmrs_iter': str(iteration)})
    return Exported(
        source=source,
        target=None if dry_run else target,
        part=part,
        naming=naming,
        model=known.model if known else None,
        names=tuple((name, tuple(value.shape)) for name, value in named.items()),
        left=len(state) - len(named),
        iteration=iteration,
    )


def _check_target(target: Path, to: KeyFormat | None, replace: bool) -> None:
    if target.suffix not in SUFFIXES:
        raise ConfigError(target, f'suffix {target.suffix!r}', ', '.join(SUFFIXES), 'Rename the output.')
    if to is not None and to not in TARGETS:
        raise ConfigError('--to', to.value, ', '.join(item.value for item in TARGETS), 'Choose one of these.')
    if target.exists() and not replace:
        raise WeightsError(target, 'a file', 'a new name', 'Choose another, or add --overwrite.')


def _choose(state: Mapping[str, Any], part: str | None, source: Path) -> tuple[str, str, Backbone | None]:
    """Name, prefix and kind of the part."""
    there = {
        name: outer + backbone.prefix
        for name, backbone in BACKBONES.items()
        for outer in OUTER
        if any(key.startswith(outer + backbone.prefix) for key in state)
    }
    if part is None:
        main = [name for name in there if not BACKBONES[name].spare] or list(there)
        if len(main) != 1:
            found = f'{len(main)} backbones ({", ".join(main)})' if main else _tops(state)
            raise WeightsError(source, found, 'one backbone', 'Name what you want with --part.')
        part = main[0]
    if part in there:
        return part, there[part], BACKBONES[part]
    prefix = f'{part.rstrip(".")}.'
    if not any(key.startswith(prefix) for key in state):
        fix = f'Take --part {" or ".join(there)}.' if there else 'Give a prefix of these names.'
        raise WeightsError(source, f'nothing under {prefix} among {_tops(state)}', 'tensors of that part', fix)
    return part, prefix, None


def _tops(state: Mapping[str, Any]) -> str:
    tops = sorted({'.'.join(name.split('.')[:2]) for name in state})
    return f'names that start with {", ".join(tops[:6])}{", ..." if len(tops) > 6 else ""}'


def _iteration(checkpoint: Mapping[str, Any]) -> int | None:
    meta = checkpoint.get('meta')
    found = meta.get('iter') if isinstance(meta, Mapping) else None
    return found if isinstance(found, int) else None
