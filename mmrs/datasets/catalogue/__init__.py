"""Catalogue of datasets: typed records, no torch, no network. See :mod:`mmrs.datasets.catalogue.records`.

Facts come from the papers and repositories that ``source`` names. What they do not say is left open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mmrs.datasets.catalogue import change, classification, detection, segmentation
from mmrs.datasets.catalogue.records import Dataset, Split
from mmrs.errors import DataError

ENTRIES: tuple[Dataset, ...] = (
    *classification.ENTRIES,
    *segmentation.ENTRIES,
    *change.ENTRIES,
    *detection.ENTRIES,
)
CATALOGUE: Mapping[str, Dataset] = MappingProxyType({entry.name: entry for entry in ENTRIES})


def get(name: str) -> Dataset:
    """Finds a dataset.

    Args:
        name: Catalogue name, such as ``isaid``.

    Raises:
        DataError: If there is none; names the closest.
    """
    if name in CATALOGUE:
        return CATALOGUE[name]
    import difflib

    close = difflib.get_close_matches(name.lower(), CATALOGUE, n=3, cutoff=0.4)
    hint = f'Did you mean {", ".join(close)}? ' if close else ''
    raise DataError(name, 'no such dataset', 'a name that is listed', f'{hint}See `mmrs data list`.')


def choose(name: str, split: str, task: str, roles: Sequence[str]) -> tuple[Dataset, Split]:
    """Finds a dataset of a task and one of its splits.

    Args:
        name: Catalogue name.
        split: Name of the split.
        task: What the dataset has to be for, such as ``segmentation``.
        roles: Files that a sample needs, such as ``image`` and ``mask``.

    Raises:
        DataError: If there is none, it is for another task, or its split has no such files.
    """
    record = get(name)
    if record.task != task:
        fix = 'Use a dataset class of its own task.'
        raise DataError(name, f'a dataset for {record.task}', f'one for {task}', fix)
    chosen = record.split(split)
    unknown = [role for role in roles if role not in chosen.files]
    if unknown:
        expected = f'some of {", ".join(chosen.files)}'
        raise DataError(f'roles of {name}', ', '.join(unknown), expected, 'Correct the dataset of the config.')
    return record, chosen


__all__ = ['CATALOGUE', 'ENTRIES', 'Dataset', 'Split', 'choose', 'get']
