"""What is wrong with an annotated place of RS-Semantic, beyond its line in the list."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from mmrs.datasets.layout import Problem
from mmrs.datasets.masks import IGNORE
from mmrs.datasets.pixels import read_pixels
from mmrs.datasets.pretraining.check_images import check_content
from mmrs.datasets.rs_semantic.entries import Entry
from mmrs.datasets.rs_semantic.tiles import SERIES, Place, read_image, read_labels, read_series
from mmrs.errors import DataError, RasterError

EXTRA = 2  # values of a label beside its classes: background, and what was not annotated


def check_vocabulary(entries: Sequence[Entry], size: int, path: str | os.PathLike[str]) -> list[Problem]:
    """Sets with more classes than a model has annotation ids.

    Args:
        entries: Of a list.
        size: Of the vocabulary.
        path: The list.
    """
    kinds = {entry.kind.name: entry.kind.classes for entry in entries}
    return [
        Problem('vocabulary', os.fspath(path), f'{number} classes of {name}, {size} ids of the vocabulary')
        for name, number in sorted(kinds.items())
        if number > size
    ]


def check_entry(entry: Entry, dates: bool = False) -> list[Problem]:
    """Reads the label and the images of a place.

    Args:
        entry: The place.
        dates: Days of its series are needed.

    Returns:
        Problems of kind ``unreadable``, ``colours`` (more of them than the set has classes), ``label`` (no pixel of
        any class), ``classes`` (one that is listed is not there), ``constant`` and ``nodata``.
    """
    problems: list[Problem] = []
    try:
        labels = read_labels(entry.label, entry.kind)
        problems += _check_label(entry, labels)
    except (RasterError, DataError) as error:
        return [_unreadable(error)]
    place = Place(entry, labels)
    try:
        image = read_image(place)
        if image is not None:
            problems += check_content(np.moveaxis(image, -1, 0), None, entry.files['hr'][0])
    except (RasterError, DataError) as error:
        problems.append(_unreadable(error))
    for name in SERIES:
        files = entry.files.get(name, ())
        try:
            for file in files:  # every date by itself
                one = Entry(entry.kind, entry.label, {name: (file,)}, entry.classes, entry.cut)
                read_series(Place(one, labels), name, 1, evenly=True, days=dates)  # bands and dates
                problems += check_content(read_pixels(file), None, file)
        except (RasterError, DataError) as error:
            problems.append(_unreadable(error))
    return problems


def _unreadable(error: RasterError | DataError) -> Problem:
    return Problem('unreadable', error.subject, f'found {error.found}; expected {error.expected}')


def _check_label(entry: Entry, labels: np.ndarray) -> list[Problem]:
    pixels = read_pixels(entry.label)
    bands = pixels[:3] if entry.kind.coloured else pixels[:1]
    number = len(np.unique(bands.reshape(len(bands), -1), axis=1).T)
    if number > entry.kind.classes + EXTRA:
        text = f'{number} different values, {entry.kind.name} has {entry.kind.classes} classes'
        return [Problem('colours', entry.label, text)]
    found = set(np.unique(labels).tolist()) - {IGNORE}
    if not found:
        return [Problem('label', entry.label, f'no pixel of a class of {entry.kind.name}')]
    absent = sorted(set(entry.classes) - found)
    return [Problem('classes', entry.label, f'no pixel of the listed classes {absent}')] if absent else []
