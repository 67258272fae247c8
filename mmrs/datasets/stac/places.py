"""Places and months to look for, as SkySense++'s list of pretraining data names them (specification, section 7)."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmrs.datasets.layout import Problem
from mmrs.datasets.lmdb_files import list_values, read_value
from mmrs.errors import ConfigError, DataError
from mmrs.geo.web_mercator import tile_position

MONTH = re.compile(r'((?:19|20)\d\d)-?(\d\d)')


@dataclass(frozen=True)
class Place:
    """A web-mercator tile and a time.

    Attributes:
        x: Column.
        y: Row from the north.
        zoom: Level.
        first: First month, (year, month).
        last: Last month.
    """

    x: int
    y: int
    zoom: int
    first: tuple[int, int]
    last: tuple[int, int]

    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north in degrees."""
        north, west = tile_position(self.x, self.y, self.zoom, centre=False).tolist()
        side = 2**self.zoom
        south = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (self.y + 1) / side))))
        return west, south, (self.x + 1) / side * 360 - 180, north

    def dates(self) -> str:
        """From the first day of the first month to that of the month after the last, as STAC writes it."""
        year, month = (self.last[0] + self.last[1] // 12, self.last[1] % 12 + 1)
        return f'{self.first[0]}-{self.first[1]:02d}-01T00:00:00Z/{year}-{month:02d}-01T00:00:00Z'


def read_places(path: str | os.PathLike[str]) -> tuple[list[Place], list[Problem]]:
    """Reads a list.

    Args:
        path: An LMDB database, or a JSON list, of objects with ``x``, ``y``, ``z``, ``date_min`` and ``date_max``
            (``202206`` or ``2022-06``).

    Returns:
        Places that are whole, and what is wrong with the others: kind ``place`` or ``date``.

    Raises:
        DataError: If it cannot be read.
    """
    places, problems = [], []
    for key, value in _objects(Path(path)):
        try:
            places.append(_place(value))
        except _WrongDate as error:
            problems.append(Problem('date', f'{path}: {key}', str(error)))
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            problems.append(Problem('place', f'{path}: {key}', f'no place ({error!r})'))
    return places, problems


class _WrongDate(Exception):
    pass


def _objects(path: Path) -> Iterator[tuple[str, Any]]:
    if path.suffix == '.lmdb' or path.is_dir():
        for key, name in list_values(path):
            try:
                yield key, json.loads(read_value(name))
            except ValueError:
                yield key, None
        return
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise DataError(path, f'no readable JSON ({error})', 'a list of places', 'Correct the file.') from error
    if not isinstance(content, list):
        raise DataError(path, f'a {type(content).__name__}', 'a list of places', 'Correct the file.')
    for number, value in enumerate(content):
        yield f'entry {number}', value


def _place(value: Any) -> Place:
    x, y, zoom = (int(value[name]) for name in 'xyz')
    months = []
    for name in ('date_min', 'date_max'):
        found = MONTH.fullmatch(str(value[name]).strip())
        if found is None or not 1 <= int(found[2]) <= 12:
            raise _WrongDate(f'{name} {value[name]!r}, expected a month such as 202206')
        months.append((int(found[1]), int(found[2])))
    if months[1] < months[0]:
        raise _WrongDate(f'{value["date_min"]} comes after {value["date_max"]}')
    place = Place(x, y, zoom, *months)
    place.box()  # raises where the tile is not in its level
    return place
