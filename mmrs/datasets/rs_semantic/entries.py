"""The published lists of RS-Semantic (SkySense++ specification, section 4.1)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmrs.datasets.layout import Problem
from mmrs.datasets.rs_semantic.dates import day_of_year
from mmrs.datasets.rs_semantic.palettes import SemanticSet, get_set
from mmrs.errors import DataError

MODALITIES = ('hr', 's2', 's1')
Palettes = Mapping[str, Sequence[int] | Sequence[Sequence[int]]]


@dataclass(frozen=True)
class Entry:
    """One annotated place.

    Attributes:
        kind: Its set.
        label: Path of the label raster.
        files: Paths by modality: one file, or one for each date.
        classes: Class indices that its label holds.
        cut: Row and column in Sentinel-2 around which the place lies, for sets that say so.
        location: Longitude and latitude in degrees, where the list says so (``location``).
    """

    kind: SemanticSet
    label: str
    files: Mapping[str, tuple[str, ...]]
    classes: tuple[int, ...]
    cut: tuple[int, int] | None = None
    location: tuple[float, float] | None = None


def read_entries(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] = '',
    palettes: Palettes | None = None,
    dates: bool = False,
) -> tuple[list[Entry], list[Problem]]:
    """Reads one list.

    Args:
        path: JSON file with a list of objects: ``hr_path``, ``s2_path``, ``s1_path`` (one or more of them),
            ``target_path``, ``type``, ``classes``, and where a set has them ``s2_cut_points``.
        root: Folder that paths begin from.
        palettes: Label values of sets that have none, or others, see :func:`get_set`.
        dates: Dates are needed: those in names of files are checked.

    Returns:
        Entries that are whole, and what is wrong with the others.

    Raises:
        DataError: The file cannot be read, or is no list.
    """
    fix = 'Restore the file, or correct ann_files.'
    try:
        items = json.loads(Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise DataError(path, error.strerror or 'an error', 'a JSON list', fix) from error
    except ValueError as error:
        raise DataError(path, f'no JSON ({error})', 'a JSON list', fix) from error
    if not isinstance(items, list):
        raise DataError(path, f'a {type(items).__name__}', 'a JSON list of objects', fix)
    entries, problems = [], []
    for index, item in enumerate(items):
        try:
            entries.append(_entry(item, Path(root), palettes, dates))
        except _Wrong as wrong:
            problems.append(Problem(wrong.kind, os.fspath(path), f'entry {index}: {wrong}'))
    return entries, problems


class _Wrong(Exception):
    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        super().__init__(text)


def _entry(item: Any, root: Path, palettes: Palettes | None, dates: bool) -> Entry:
    if not isinstance(item, dict):
        raise _Wrong('form', f'a {type(item).__name__} where an object belongs')
    if not isinstance(item.get('target_path'), str) or not item['target_path']:
        raise _Wrong('label', 'no label (target_path)')
    try:
        record = get_set(str(item.get('type')), palettes)
        number = record.classes
    except DataError as error:
        raise _Wrong('set', str(error)) from error
    classes = item.get('classes')
    if not isinstance(classes, list) or not classes or not all(isinstance(value, int) for value in classes):
        raise _Wrong('classes', f'classes {classes!r} where a list of class indices belongs')
    if min(classes) < 0 or max(classes) >= number:
        raise _Wrong('classes', f'classes {classes} where {number - 1} is the highest of {record.name}')
    files = {name: _files(item.get(f'{name}_path'), root) for name in MODALITIES}
    files = {name: paths for name, paths in files.items() if paths}
    if not files:
        raise _Wrong('modality', 'no image (hr_path, s2_path or s1_path)')
    label = str(root / item['target_path'])
    for file in (label, *(file for paths in files.values() for file in paths)):
        if not os.path.isfile(file):
            raise _Wrong('missing', f'no such file: {file}')
    if dates:
        _check_dates(files)
    cut = item.get('s2_cut_points')
    around = None if cut is None else (int(cut[0]), int(cut[1]))
    return Entry(record, label, files, tuple(sorted(set(classes))), around, _location(item.get('location')))


def _location(found: Any) -> tuple[float, float] | None:
    """How published lists write it is not known: what is no longitude and latitude counts as not known."""
    good = isinstance(found, list) and len(found) == 2 and all(isinstance(value, int | float) for value in found)
    if not good or not (-180 <= found[0] <= 180 and -90 <= found[1] <= 90):
        return None
    return float(found[0]), float(found[1])


def _files(paths: Any, root: Path) -> tuple[str, ...]:
    return tuple(str(root / path) for path in ([paths] if isinstance(paths, str) else paths or []))


def _check_dates(files: Mapping[str, tuple[str, ...]]) -> None:
    for name in MODALITIES[1:]:
        for file in files.get(name, ()):
            if not file.endswith('.npz'):  # an archive holds its dates
                try:
                    day_of_year(file)
                except DataError as error:
                    raise _Wrong('date', str(error)) from error
