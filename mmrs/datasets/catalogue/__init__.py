"""Catalogue of datasets: typed records, no torch, no network. See :mod:`mmrs.datasets.catalogue.records`.

Facts come from the papers and repositories that ``source`` names. What they do not say is left open.
"""

from __future__ import annotations

from collections.abc import Mapping
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


__all__ = ['CATALOGUE', 'ENTRIES', 'Dataset', 'Split', 'get']
