"""Writes the list of a set of your own, in the form of the published ones, from folders of images and labels."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmrs.datasets.masks import IGNORE, histogram
from mmrs.datasets.rs_semantic.entries import MODALITIES, Palettes
from mmrs.datasets.rs_semantic.palettes import get_set
from mmrs.datasets.rs_semantic.tiles import read_labels
from mmrs.errors import DataError
from mmrs.geo.gdal import replacing


def make_list(
    path: str | os.PathLike[str],
    name: str,
    labels: str | os.PathLike[str],
    images: Mapping[str, str | os.PathLike[str]],
    palettes: Palettes | None = None,
) -> tuple[int, int]:
    """Lists the labelled images of some folders.

    Files of one place have one name before the suffix. A folder of that name holds a series, a file for each date.

    Args:
        path: JSON file to write; paths in it begin from its folder, the ``data_root`` of
            :class:`mmrs.datasets.rs_semantic.dataset.SemanticMosaics`.
        name: Name of the set.
        labels: Folder of the labels.
        images: Folders by modality: ``hr``, ``s2``, ``s1``, one or more.
        palettes: Value of each class in the labels, for a set that was not published.

    Returns:
        Entries, and labels that were left out, for they hold no class or have no image.

    Raises:
        DataError: The set is not known, a folder lacks, or no entry is left.
        RasterError: A label cannot be read.
    """
    path, labels, kind = Path(path), Path(labels), get_set(name, palettes)
    unknown = sorted(set(images) - set(MODALITIES))
    if unknown or not images:
        raise DataError('images', f'{unknown or "none"}', f'one or more of {MODALITIES}', 'Name folders of images.')
    kind.classes  # noqa: B018  (says what lacks, before the labels are read)
    found = {modality: _by_stem(Path(folder)) for modality, folder in images.items()}
    entries, left = [], 0
    for label in sorted(_by_stem(labels).values()):
        files = {modality: places[label.stem] for modality, places in found.items() if label.stem in places}
        present = np.flatnonzero(histogram(read_labels(os.fspath(label), kind))[:IGNORE]).tolist() if files else []
        if not present:
            left += 1
            continue
        entry: dict[str, Any] = {f'{key}_path': _paths(file, path.parent) for key, file in files.items()}
        entries.append({**entry, 'target_path': _relative(label, path.parent), 'type': name, 'classes': present})
    if not entries:
        fix = 'Give images the names of their labels, and check the values of the classes.'
        raise DataError(labels, 'no label with a class and an image', 'some', fix)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(entries, indent=0) + '\n', encoding='utf-8')
    return len(entries), left


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise DataError(folder, 'no such folder', 'images or labels', 'Correct the folder.')
    return {file.stem: file for file in sorted(folder.iterdir()) if not file.name.startswith('.')}


def _paths(file: Path, root: Path) -> str | list[str]:
    if not file.is_dir():
        return _relative(file, root)
    return [_relative(date, root) for date in sorted(file.iterdir()) if not date.name.startswith('.')]


def _relative(file: Path, root: Path) -> str:
    return Path(os.path.relpath(file, root)).as_posix()
