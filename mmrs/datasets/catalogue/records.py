"""Records of the dataset catalogue: what a dataset holds, how it lies on disk and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from mmrs.geo.sensors import SENSORS

Task = Literal['classification', 'segmentation', 'change detection', 'horizontal detection', 'oriented detection']
Listing = Literal['folders', 'names', 'labels', 'json', 'coco']
Colour = tuple[int, int, int]

MASKS = ('mask',)  # roles whose files hold classes
OWN_LISTS = 'fetch it from its authors; `python tools/data/split.py NAME FOLDER` writes lists where you have none'
RASTERS = ('image', 'before', 'after', 'sar', 's1', 's2', 'mask')  # roles whose files hold pixels


@dataclass(frozen=True)
class Split:
    """One split of a dataset.

    Attributes:
        name: Such as ``train``.
        files: For each role (``image``, ``mask``, ``before``, ``after``, ``sar``, ``s1``, ``s2``, ``boxes``) where its
            file lies below the dataset's folder: a pattern such as ``img_dir/train/{id}.png``, in which every name in
            braces stands for a part of the path and files with equal parts belong together. With ``form='json'`` the
            key of the role in the list, with ``'labels'`` and ``'coco'`` the folder that the listed paths start from.
        samples: Number of samples that is published; None where none is known.
        listing: List file below the dataset's folder; None where the folders are the list.
        form: ``folders``: whatever matches ``files``. ``names``: one ``{id}`` a line. ``labels``: lines of path and
            class index. ``json``: list of objects with a path for every role. ``coco``: COCO annotations.
        only: Values that a part of the pattern may have, such as the cities of a split.
        others: The same as ``files`` for other copies in circulation. A folder is read by the one whose folders are
            there.
    """

    name: str
    files: Mapping[str, str] = field(hash=False)
    samples: int | None = None
    listing: str | None = None
    form: Listing = 'folders'
    only: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    others: tuple[Mapping[str, str], ...] = field(default=(), hash=False)


@dataclass(frozen=True)
class Dataset:
    """One dataset.

    Attributes:
        name: What configs and the command line call it.
        title: Its own name.
        task: What its labels are for.
        classes: Names by class index; empty where they are not known.
        palette: Display colours by class index; empty where none is published.
        splits: Its splits.
        licence: Terms of the data, or that none are known.
        source: Where the facts of this record come from.
        sensor: Row of ``mmrs.geo.sensors.SENSORS`` with bands and statistics; None where none fits.
        bands: Bands in file order, where ``sensor`` is None.
        size: Height and width of an image in pixels; None where they vary or are not known.
        gsd: Ground sampling distance in metres; None where it varies or is not known.
        mask_values: Value in a mask file to class index, 255 for "ignore"; None where files hold class indices.
        mask_colours: Whether masks are RGB pictures in the colours of ``palette``.
        mask_threshold: Grey level from which a mask of two classes means class 1; None where masks are not grey.
        reduce_zero_label: Whether 0 means "ignore" and 1 is the first class.
        multi_label: Whether an image has several classes.
        zenodo: Record on zenodo.org from which the files can be downloaded.
        page: Page from which a person fetches the data.
        by_hand: What has to be done by hand.
        notes: What else to know.
        folder: Name of the dataset's folder below ``MMRS_DATA``.
    """

    name: str
    title: str
    task: Task
    classes: tuple[str, ...]
    splits: tuple[Split, ...]
    licence: str
    source: str
    folder: str
    palette: tuple[Colour, ...] = ()
    sensor: str | None = None
    bands: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    gsd: float | None = None
    mask_values: Mapping[int, int] | None = field(default=None, hash=False)
    mask_colours: bool = False
    mask_threshold: int | None = None
    reduce_zero_label: bool = False
    multi_label: bool = False
    zenodo: str | None = None
    page: str | None = None
    by_hand: str = 'fetch it from its authors: no address is known here'
    notes: str = ''

    def __post_init__(self) -> None:
        if self.sensor is not None and self.sensor not in SENSORS:
            raise ValueError(f'{self.name}: sensor {self.sensor} is not in SENSORS')
        if self.palette and len(self.palette) != len(self.classes):
            raise ValueError(f'{self.name}: {len(self.classes)} classes, {len(self.palette)} colours')

    @property
    def band_names(self) -> tuple[str, ...]:
        """Bands in file order; empty where they are not known."""
        return SENSORS[self.sensor].bands if self.sensor is not None else self.bands

    def bands_of(self, role: str) -> list[int] | None:
        """1-based numbers of the bands that files of a role have; None where they are not known.

        They are asked for by number: a fourth band, such as near infrared, is often marked as alpha.
        """
        number = len(self.band_names) if role in ('image', 'before', 'after') else 0
        return list(range(1, number + 1)) or None

    @property
    def mask_coding(self) -> dict[str, Any]:
        """What ``mmrs.LoadMask`` has to know about the values in the files."""
        coding: dict[str, Any] = {}
        if self.mask_values is not None:
            coding['mask_values'] = dict(self.mask_values)
        if self.mask_colours:
            coding['mask_palette'] = self.palette
        if self.mask_threshold is not None:
            coding['mask_threshold'] = self.mask_threshold
        return coding

    def split(self, name: str) -> Split:
        """Finds a split.

        Raises:
            DataError: If there is none of this name.
        """
        for split in self.splits:
            if split.name == name:
                return split
        from mmrs.errors import DataError

        names = ', '.join(split.name for split in self.splits)
        raise DataError(f'split of {self.name}', repr(name), f'one of {names}', 'Name one of these.')


def pairs(name: str, samples: int | None = None, **files: str) -> Split:
    """A split whose files are paired by the parts of their paths."""
    return Split(name, MappingProxyType(files), samples)


def with_lists(**files: str) -> tuple[Split, ...]:
    """All samples as one split, and splits by lists of names."""
    listed = (
        Split(name, MappingProxyType(files), None, f'splits/{name}.txt', 'names') for name in ('train', 'val', 'test')
    )
    return (Split('all', MappingProxyType(files)), *listed)


def mmseg_folders(suffix: str = '.png', counts: Mapping[str, int] | None = None, mask: str = '{id}.png') -> tuple:
    """Splits train, val and test in mmsegmentation's layout."""
    return tuple(
        pairs(
            split,
            (counts or {}).get(split),
            image=f'img_dir/{split}/{{id}}{suffix}',
            mask=f'ann_dir/{split}/{mask}',
        )
        for split in ('train', 'val', 'test')
    )
