"""Colours of classes in annotation mosaics (SkySense++ specification, section 4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.masks import IGNORE, histogram
from mmrs.errors import ConfigError


def painter_colours(number: int) -> NDArray[np.uint8]:
    """Colours on a regular grid, from white downwards: the same in every run, as evaluation needs them.

    Args:
        number: How many.

    Returns:
        (number, 3) red, green, blue.

    Raises:
        ConfigError: Not one or more.
    """
    if number < 1:
        raise ConfigError('number of colours', str(number), '1 or more', 'Give the number of classes.')
    side = int(number ** (1 / 3)) + 1
    index = np.arange(number)
    steps = np.stack([index // side**2, index % side**2 // side, index % side], axis=1)
    return (255 - steps * (256 // side)).astype(np.uint8)


def random_colours(number: int, random: np.random.RandomState | None = None) -> NDArray[np.uint8]:
    """Colours that differ from each other and from black, which means background.

    The original draws each alone: two classes, or a class and the background, may get one colour.

    Args:
        number: How many.
        random: Source; None: numpy's global one, which mmengine seeds in every worker.

    Returns:
        (number, 3) red, green, blue.
    """
    draw = (random or np.random).randint
    codes: list[int] = []
    while len(codes) < number:
        codes += [code for code in set(draw(1, 1 << 24, number - len(codes)).tolist()) if code not in codes]
    packed = np.asarray(codes)
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)


def shared_classes(labels: Sequence[NDArray[np.uint8]], listed: Sequence[int] | None, wanted: int) -> list[int]:
    """Classes that an annotation shows: what is in every tile; the wanted one alone where there is none.

    Args:
        labels: (H, W) class indices of the tiles.
        listed: Classes that may be shown; None: all.
        wanted: The class that the tiles were chosen for.

    Returns:
        Ascending class indices.
    """
    counts = np.stack([histogram(label)[:IGNORE] for label in labels])
    shared = np.flatnonzero((counts > 0).all(axis=0)).tolist()
    return [index for index in shared if listed is None or index in set(listed)] or [wanted]


def painted(labels: NDArray[np.uint8], classes: Sequence[int], values: NDArray[Any]) -> NDArray[Any]:
    """Class indices as colours or ids: the first value for the first class; all else is 0.

    Args:
        labels: (...) class indices.
        classes: Those that are shown.
        values: (classes or more, ...) colours or ids.

    Returns:
        (..., *values.shape[1:]) in the dtype of ``values``.

    Raises:
        ConfigError: There are fewer values than classes.
    """
    if len(values) < len(classes):
        fix = 'Raise the size of the vocabulary, or list fewer classes.'
        raise ConfigError('colours', f'{len(values)} for {len(classes)} classes', 'one for each class', fix)
    table = np.zeros((256, *values.shape[1:]), values.dtype)
    table[list(classes)] = values[: len(classes)]
    return table[labels]
