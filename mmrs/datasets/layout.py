"""Samples of a dataset on disk: finds and pairs their files by the layout of a catalogue record."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmrs.datasets.boxes import Box, coco_boxes
from mmrs.datasets.catalogue.records import Split
from mmrs.errors import DataError

WHERE = "Give the dataset's folder, or set MMRS_DATA to the folder that holds it."
TOKEN = re.compile(r'{(\w+)}|\[([^]]+)\]')  # a named part, or text that may be absent


@dataclass(frozen=True)
class Sample:
    """One sample.

    Attributes:
        name: What tells it from the others of its split.
        files: Path of each role, whether it is there or not.
        label: Class index of a scene; None where labels are files.
        boxes: Boxes from a COCO file; None where each sample has a file of its own.
    """

    name: str
    files: Mapping[str, Path]
    label: int | None = None
    boxes: tuple[Box, ...] | None = None


@dataclass(frozen=True)
class Problem:
    """Something wrong with a dataset.

    Attributes:
        kind: Such as ``missing``, ``unreadable``, ``size``, ``values``, ``duplicate``, ``count``.
        path: File or folder.
        text: What is wrong with it.
    """

    kind: str
    path: str
    text: str


@dataclass
class Found:
    """Samples of a split and what is wrong with its files."""

    samples: list[Sample] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def complain(self, kind: str, path: str | os.PathLike[str], text: str) -> None:
        """Notes a problem."""
        self.problems.append(Problem(kind, os.fspath(path), text))


def find_samples(root: str | os.PathLike[str], split: Split, classes: Sequence[str] = ()) -> Found:
    """Finds the samples of a split.

    Args:
        root: Folder of the dataset.
        split: Its layout.
        classes: Names of the classes, for boxes that name them.

    Returns:
        Samples in the order of their names, and every file that has no partner.

    Raises:
        DataError: If the folder or the list is not there, or the list cannot be read.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(root, 'no such folder', 'the folder of a dataset', WHERE)
    split = _copy_on_disk(root, split)
    if split.form == 'json':
        return _from_json(root, split)
    if split.form == 'labels':
        return _from_labels(root, split)
    if split.form == 'coco':
        return _from_coco(root, split, classes)
    return _from_folders(root, split)


def _copy_on_disk(root: Path, split: Split) -> Split:
    """The split as it lies in the copy of which most folders are there; as published where none is."""

    def folders(files: Mapping[str, str]) -> int:
        return sum((root / pattern.partition('{')[0]).is_dir() for pattern in files.values())

    return replace(split, files=max((split.files, *split.others), key=folders)) if split.others else split


def compile_pattern(pattern: str) -> tuple[str, re.Pattern[str]]:
    """Turns a layout pattern into a glob pattern and a regular expression with one group for each named part."""
    wildcard, expression, at = '', '', 0
    seen: set[str] = set()
    for token in TOKEN.finditer(pattern):
        literal = pattern[at : token.start()]
        name, optional = token.groups()
        part = f'(?:{re.escape(optional)})?' if optional else f'(?P={name})' if name in seen else f'(?P<{name}>[^/]+?)'
        wildcard, expression, at = wildcard + literal + '*', expression + re.escape(literal) + part, token.end()
        seen.add(name)
    wildcard, expression = wildcard + pattern[at:], expression + re.escape(pattern[at:])
    return re.sub(r'\*+', '*', wildcard), re.compile(expression)


def _fill(pattern: str, parts: Mapping[str, str]) -> str:
    return TOKEN.sub(lambda token: parts[token[1]] if token[1] else '', pattern)


def _from_folders(root: Path, split: Split) -> Found:
    found = Found()
    matches = {role: _scan(root, pattern, split.only, found) for role, pattern in split.files.items()}
    first = next(iter(split.files))
    keys = sorted(matches[first])
    if split.form == 'names':
        keys = _named(root / str(split.listing), matches[first], found)
    for key in keys:
        parts = dict(key)
        files = {role: matches[role].get(key) or root / _fill(split.files[role], parts) for role in split.files}
        for role, path in files.items():
            if key not in matches[role]:
                found.complain('missing', path, f'no such file: the {role} of {_name(key)}')
        found.samples.append(Sample(_name(key), files))
    for role in list(matches)[1:] if split.form == 'folders' else ():
        for key in sorted(matches[role].keys() - set(keys)):
            found.complain('unpaired', matches[role][key], f'a {role} without {first}')
    return found


def _scan(root: Path, pattern: str, only: Mapping[str, tuple[str, ...]], found: Found) -> dict[tuple, Path]:
    """Files of one role by the named parts of their paths."""
    wildcard, expression = compile_pattern(pattern)
    fixed = Path(*[part for part in Path(wildcard).parts[: _first_star(wildcard)]])
    if not (root / fixed).is_dir():
        found.complain('missing', root / fixed, 'no such folder')
        return {}
    matches: dict[tuple, Path] = {}
    for path in sorted(root.glob(wildcard)):
        match = expression.fullmatch(path.relative_to(root).as_posix())
        if match is None or any(match[name] not in values for name, values in only.items()):
            continue
        key = tuple(sorted(match.groupdict().items()))
        if key in matches:
            found.complain('duplicate', path, f'the same name as {matches[key]}')
        matches[key] = path
    return matches


def _first_star(wildcard: str) -> int:
    return next((index for index, part in enumerate(Path(wildcard).parts) if '*' in part), 0)


def _name(key: tuple[tuple[str, str], ...]) -> str:
    return '/'.join(value for name, value in sorted(key, key=lambda item: item[0] == 'id'))


def _named(path: Path, known: Mapping[tuple, Path], found: Found) -> list[tuple]:
    """Keys of the names in a list; each line is the name of a sample, its ``{id}`` where that is its only part."""
    by_name = {_name(key): key for key in known}
    keys: dict[tuple, None] = {}
    for number, line in _lines(path):
        key = by_name.get(line)
        if key is None:
            found.complain('missing', path, f'line {number}: there is no {line}')
        elif key in keys:
            found.complain('duplicate', path, f'line {number} repeats {line}')
        else:
            keys[key] = None
    return list(keys)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a list, without empty ones."""
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        fix = 'Restore the list; `mmrs data info` says what it holds.'
        raise DataError(path, getattr(error, 'strerror', None) or 'no text', 'the list of a split', fix) from error
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, line.strip()


def _from_labels(root: Path, split: Split) -> Found:
    found, listing = Found(), root / str(split.listing)
    for number, line in _lines(listing):
        path, _, label = line.rpartition(' ')
        if not path or not label.isdigit():
            found.complain('list', listing, f'line {number} is {line[:60]!r}, not "path label"')
            continue
        _add(found, path, {'image': root / split.files['image'] / path}, label=int(label))
    return _sorted(found)


def _from_json(root: Path, split: Split) -> Found:
    found, listing = Found(), root / str(split.listing)
    for number, item in enumerate(_json_list(listing)):
        lacking = [key for key in split.files.values() if not isinstance(item, dict) or not item.get(key)]
        if lacking:
            found.complain('list', listing, f'entry {number} lacks {", ".join(lacking)}')
            continue
        name = str(item[split.files['image']])
        _add(found, name, {role: root / str(item[key]) for role, key in split.files.items()})
    return _sorted(found)


def _json_list(path: Path) -> list[Any]:
    content = _json(path)
    if not isinstance(content, list):
        raise DataError(path, type(content).__name__, 'a JSON list of objects', 'Restore the list.')
    return content


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except OSError as error:
        fix = 'Restore the list; `mmrs data info` says what it holds.'
        raise DataError(path, error.strerror or 'an error', 'the list of a split', fix) from error
    except ValueError as error:
        raise DataError(path, f'no JSON ({error})', 'the list of a split', 'Restore the list.') from error


def read_coco(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Reads COCO annotations.

    Raises:
        DataError: If they cannot be read or lack one of images, annotations and categories.
    """
    content = _json(Path(path))
    if not isinstance(content, dict) or not {'images', 'annotations', 'categories'} <= content.keys():
        raise DataError(path, 'other keys', 'images, annotations and categories (COCO)', 'Restore the annotations.')
    return content


def _from_coco(root: Path, split: Split, classes: Sequence[str]) -> Found:
    found, path = Found(), root / str(split.listing)
    content = read_coco(path)
    boxes, problems = coco_boxes(content, classes)
    for text in problems:
        found.complain('boxes', path, text)
    for image in content['images']:
        files = {'image': root / split.files['image'] / image['file_name']}
        _add(found, image['file_name'], files, boxes=tuple(boxes.get(image['id'], ())))
    return _sorted(found)


def _add(found: Found, name: str, files: dict[str, Path], **values: Any) -> None:
    for role, path in files.items():
        if not path.is_file():
            found.complain('missing', path, f'no such file: the {role} of {name}')
    found.samples.append(Sample(name, files, **values))


def _sorted(found: Found) -> Found:
    found.samples.sort(key=lambda sample: sample.name)
    for one, other in zip(found.samples, found.samples[1:], strict=False):
        if one.name == other.name:
            found.complain('duplicate', other.files['image'], 'is listed twice')
    return found
