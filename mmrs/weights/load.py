"""Loading released weights into a module, with a report of what fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.errors import ConfigError, WeightsError
from mmrs.weights.catalogue import CATALOGUE, Entry, get
from mmrs.weights.convert import KeyFormat, find_part, to_mmrs
from mmrs.weights.files import read_state_dict
from mmrs.weights.store import SUFFIXES, fetch

if TYPE_CHECKING:
    from torch import Tensor, nn

# A file that is not in the catalogue must fill the whole module, unless the caller says what is enough.
DEFAULT_MIN_COVERAGE = 1.0


@dataclass(frozen=True)
class LoadReport:
    """What a load did. Names are ours.

    Attributes:
        source: Catalogue name or path.
        key_format: Naming that the file had.
        loaded: Tensors of the module that were filled.
        missing: Tensors of the module that the file has not.
        mismatched: Name, shape in the file and shape in the module, where they differ.
        unexpected: Tensors of the file that the module has not.
        dropped: Names in the file that were left out by intention: other parts, pretraining-only tensors.
        resized: Loaded tensors that were adapted first, such as a position embedding.
    """

    source: str
    key_format: KeyFormat
    loaded: tuple[str, ...]
    missing: tuple[str, ...] = ()
    mismatched: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    unexpected: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    resized: tuple[str, ...] = field(default=())

    @property
    def coverage(self) -> float:
        """Share of the module's tensors that were filled, 0 to 1."""
        total = len(self.loaded) + len(self.missing) + len(self.mismatched)
        return len(self.loaded) / total if total else 0.0

    def __str__(self) -> str:
        shapes = [f'{name} {found} for {wanted}' for name, found, wanted in self.mismatched]
        parts = [
            f'{self.source}: {len(self.loaded)} tensors loaded ({self.coverage:.1%}), {self.key_format.value} names'
        ]
        lists = {
            'resized': self.resized,
            'missing': self.missing,
            'other shape': shapes,
            'unexpected': self.unexpected,
            'left out': self.dropped,
        }
        parts += [f'{title} {len(names)}: {_first(names)}' for title, names in lists.items() if names]
        return '\n  '.join(parts)


def match(
    source: str, wanted: Mapping[str, Tensor], state: Mapping[str, Tensor], key_format: KeyFormat = KeyFormat.MMRS
) -> LoadReport:
    """Compares a state dict with a module's, by name and shape; the module may be on the meta device.

    Args:
        source: What the report calls the file.
        wanted: The module's state dict.
        state: The file's tensors, in our names.
        key_format: Naming that the file had.
    """
    common = [name for name in wanted if name in state]
    mismatched = tuple(
        (name, tuple(state[name].shape), tuple(wanted[name].shape))
        for name in common
        if state[name].shape != wanted[name].shape
    )
    wrong = {name for name, _, _ in mismatched}
    return LoadReport(
        source=source,
        key_format=key_format,
        loaded=tuple(name for name in common if name not in wrong),
        missing=tuple(name for name in wanted if name not in state),
        mismatched=mismatched,
        unexpected=tuple(name for name in state if name not in wanted),
    )


def load_pretrained(
    module: nn.Module,
    source: str | PathLike[str],
    *,
    prefix: str | None = None,
    min_coverage: float | None = None,
    bands: Sequence[str] | None = None,
) -> LoadReport:
    """Fills a module with released weights and logs what fitted.

    The module may have ``adapt_state_dict(state) -> (state, names)``, which resizes what depends on its shape (a
    position embedding, input channels) and names what it changed, and ``weights_parts``: names of the part that it
    is in files of larger models, taken where ``prefix`` is None.

    Args:
        module: Filled in place; dtype and device stay.
        source: Catalogue name, or path of a checkpoint in any naming of :mod:`mmrs.weights.convert`.
        prefix: Part of the file that is wanted, such as ``'backbone'``.
        min_coverage: Share of the module's tensors that must be filled. None: what the catalogue entry asks for, and
            all of them for a file that is not in the catalogue.
        bands: Names of the input channels in their order, to be compared with those of the catalogue entry.

    Raises:
        WeightsError: If the file cannot be had or read safely, fills too little, or was made for other bands.
    """
    entry, path = resolve(source)
    if entry is not None and bands is not None:
        _check_band_order(entry, bands)
    wanted = module.state_dict()
    stored = read_state_dict(path)
    if prefix is None:
        prefix = find_part(stored, getattr(module, 'weights_parts', ()))
    converted = to_mmrs(stored, prefix, wanted=wanted, subject=fspath(path))
    state, resized = adapt_to(module, converted.state)
    found = match(entry.name if entry else fspath(path), wanted, state, converted.key_format)
    report = LoadReport(**{**vars(found), 'dropped': converted.dropped, 'resized': resized})
    least = min_coverage if min_coverage is not None else entry.min_coverage if entry else DEFAULT_MIN_COVERAGE
    if entry is not None:
        _check_band_count(entry, module, report)
    require_coverage(report, least, type(module).__name__)
    module.load_state_dict({name: state[name] for name in report.loaded}, strict=False)
    _log(str(report))
    return report


def _check_band_order(entry: Entry, bands: Sequence[str]) -> None:
    if tuple(bands) != entry.bands:
        same = sorted(bands) == sorted(entry.bands)
        fix = f'Load the bands in {"this order" if same else "this choice and order"}, or take other weights.'
        raise WeightsError(entry.name, f'input bands {", ".join(bands)}', f'{", ".join(entry.bands)}', fix)


def _check_band_count(entry: Entry, module: nn.Module, report: LoadReport) -> None:
    """Tells of other bands, where the first layer does not fit and everything of the model's size does."""
    channels = getattr(module, 'in_channels', None)
    stems = [name for name, _, _ in report.mismatched]
    if isinstance(channels, int) and channels != len(entry.bands) and len(stems) == 1 and 'patch_embed' in stems[0]:
        raise WeightsError(
            entry.name,
            f'a model of {channels} input channels',
            f'{len(entry.bands)} ({", ".join(entry.bands)}), as the weights were trained on',
            f'Set in_channels={len(entry.bands)} and load these bands, or fit the weights (channel_rule, '
            'mmrs.weights.channels).',
        )


def adapt_to(module: nn.Module, state: dict[str, Tensor]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Lets a module resize what depends on its shape; see :func:`load_pretrained`.

    Args:
        module: Asked through ``adapt_state_dict``, if it has that.
        state: Tensors in our names.

    Returns:
        The tensors that can be loaded, and the names of those that were resized.
    """
    adapt: Any = getattr(module, 'adapt_state_dict', None)
    if adapt is None:
        return state, ()
    try:
        adapted, resized = adapt(state)
    except ConfigError:
        return state, ()  # Weights of another model: the report names every shape that differs, not only the first.
    return adapted, tuple(resized)


def resolve(source: str | PathLike[str]) -> tuple[Entry | None, Path]:
    """Finds the file behind a catalogue name or a path.

    Raises:
        WeightsError: If it is neither, or the named file cannot be had.
    """
    name = fspath(source)
    if name in CATALOGUE:
        return CATALOGUE[name], fetch(CATALOGUE[name])
    path = Path(name).expanduser()
    looks_like_a_name = path.suffix not in SUFFIXES and len(path.parts) == 1
    if looks_like_a_name and not path.exists():
        get(name)  # raises, with the closest names
    return None, path


def require_coverage(report: LoadReport, least: float, model: str) -> None:
    """Refuses a load that fills nothing, or too little.

    Raises:
        WeightsError: Naming what is missing or has another shape.
    """
    if report.loaded and report.coverage >= least:
        return
    shapes = [f'{name} {found} for {wanted}' for name, found, wanted in report.mismatched]
    causes = {'missing': report.missing, 'of another shape': shapes, 'unexpected': report.unexpected}
    told = '; '.join(f'{len(names)} {title}: {_first(names)}' for title, names in causes.items() if names)
    raise WeightsError(
        report.source,
        f'{len(report.loaded)} tensors that fit {model} ({report.coverage:.1%}); {told}',
        f'at least {least:.0%}' if report.loaded else 'weights of this model',
        'Take the weights of this model and size (`mmrs weights list`), or give the prefix of its part of the file.',
    )


def _first(names: Sequence[str], count: int = 3) -> str:
    return ', '.join(names[:count]) + (', ...' if len(names) > count else '')


def _log(text: str) -> None:
    from mmengine.logging import print_log

    print_log(text, logger='current')
