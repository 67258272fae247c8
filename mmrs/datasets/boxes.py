"""Boxes of detection datasets as corner points, for checks and pictures: COCO, DOTA text and DIOR-R XML."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmrs.errors import DataError

CORNERS = ('left_top', 'right_top', 'right_bottom', 'left_bottom')


@dataclass(frozen=True)
class Box:
    """One object.

    Attributes:
        name: Its class.
        corners: Four (x, y) in pixels, around the box.
        difficult: Difficulty, 0 where none is given.
    """

    name: str
    corners: tuple[tuple[float, float], ...]
    difficult: int = 0


def coco_boxes(content: Mapping[str, Any], classes: Sequence[str] = ()) -> tuple[dict[Any, list[Box]], list[str]]:
    """Boxes of a COCO file by the id of their image, and what is wrong with the file.

    Args:
        content: The parsed file.
        classes: Names that may occur; empty allows all.
    """
    names = {item['id']: str(item['name']) for item in content['categories']}
    sizes = {item['id']: (item.get('width', math.inf), item.get('height', math.inf)) for item in content['images']}
    problems = [f'class {name!r} is unknown' for name in names.values() if classes and name not in classes]
    problems += [f'duplicate {what} id' for what in ('images', 'annotations') if _repeats(content[what])]
    boxes: dict[Any, list[Box]] = {}
    for item in content['annotations']:
        if item['image_id'] not in sizes or item['category_id'] not in names:
            problems.append(f'annotation {item.get("id")}: no such image or category')
            continue
        x, y, width, height = item['bbox']
        box = Box(names[item['category_id']], ((x, y), (x + width, y), (x + width, y + height), (x, y + height)))
        boxes.setdefault(item['image_id'], []).append(box)
        wrong = wrong_box(box, sizes[item['image_id']])
        if wrong:
            problems.append(f'annotation {item.get("id")}: {wrong}')
    return boxes, problems


def _repeats(items: Sequence[Mapping[str, Any]]) -> bool:
    ids = [item.get('id') for item in items]
    return len(set(ids)) < len(ids)


def read_boxes(path: Path) -> list[Box]:
    """Reads the boxes of one image.

    Args:
        path: ``.txt`` in DOTA's format (eight coordinates, class, optionally a difficulty) or ``.xml`` of DIOR-R.

    Raises:
        DataError: If it cannot be read; names the line or the element.
    """
    try:
        return _read_xml(path) if path.suffix.lower() == '.xml' else _read_dota(path)
    except OSError as error:
        raise DataError(path, error.strerror or 'an error', 'a file of boxes', 'Restore the file.') from error
    except (ValueError, ElementTree.ParseError, UnicodeDecodeError) as error:
        raise DataError(path, str(error), 'boxes of DOTA or DIOR-R', 'Mend or restore the file.') from error


def _read_dota(path: Path) -> list[Box]:
    boxes = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split()
        if not words or line.startswith(('imagesource', 'gsd')):
            continue
        try:
            numbers = [float(word) for word in words[:8]]
            difficult = int(words[9]) if len(words) > 9 else 0
        except ValueError as error:
            raise ValueError(f'line {number}: {error}') from error
        if len(words) < 9:
            raise ValueError(f'line {number} has {len(words)} words, not eight coordinates and a class')
        boxes.append(Box(words[8], tuple(zip(numbers[::2], numbers[1::2], strict=True)), difficult))
    return boxes


def _read_xml(path: Path) -> list[Box]:
    boxes = []
    for item in ElementTree.parse(path).getroot().iter('object'):
        quad, name = item.find('robndbox'), (item.findtext('name') or '').strip().lower()
        if quad is None or not name:
            raise ValueError('an object without name or robndbox')
        points = [(_number(quad, f'x_{corner}'), _number(quad, f'y_{corner}')) for corner in CORNERS]
        boxes.append(Box(name, tuple(points)))
    return boxes


def _number(item: ElementTree.Element, name: str) -> float:
    text = item.findtext(name)
    if text is None:
        raise ValueError(f'a robndbox without {name}')
    return float(text)


def wrong_box(box: Box, size: tuple[float, float]) -> str | None:
    """Says what is wrong with a box: two corners in one place, no area, or wholly outside.

    Args:
        box: The box.
        size: Width and height of the image in pixels.
    """
    xs, ys = zip(*box.corners, strict=True)
    if any(one == other for one, other in zip(box.corners, box.corners[1:] + box.corners[:1], strict=True)):
        return f'{box.name} at {box.corners[0]} has two corners in one place'
    if min(xs) >= size[0] or min(ys) >= size[1] or max(xs) <= 0 or max(ys) <= 0:
        return f'{box.name} at {box.corners[0]} lies outside the image'
    return None
