"""How the publishers' archives of large scenes lie on disk, and the tiles that the configs read instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.catalogue import get
from mmrs.datasets.catalogue.records import Colour
from mmrs.datasets.masks import IGNORE, from_colours
from mmrs.datasets.tiling import Source, picture
from mmrs.errors import DataError

POTSDAM_TRAIN = '2_10 2_11 2_12 3_10 3_11 3_12 4_10 4_11 4_12 5_10 5_11 5_12 6_7 6_8 6_9 6_10 6_11 6_12 7_7 7_8 7_9'
VAIHINGEN_TRAIN = '1 3 5 7 11 13 15 17 21 23 26 28 30 32 34 37'
VAIHINGEN_VAL = '2 4 6 8 10 12 14 16 20 22 24 27 29 31 33 35 38'


def _named(ids: str, prefix: str = '') -> tuple[str, ...]:
    return tuple(prefix + one for one in ids.split())


@dataclass(frozen=True)
class RawScenes:
    """The unpacked archives of one dataset.

    Attributes:
        image: Expression for the path of an image below the folder, with a group ``id``, and ``split`` where the path
            tells the split.
        mask: The same for masks.
        splits: Names of the scenes of each split, where the path does not tell.
        unlabelled: Splits whose masks are not published.
        tile: Side of a tile in pixels.
        stride: Pixels from one tile to the next.
        name: Name of a tile.
        mask_name: Name of a tile of a mask.
        source: Where the split and the tiling come from.
    """

    image: str
    mask: str
    tile: int
    stride: int
    name: str
    mask_name: str
    source: str
    splits: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    unlabelled: tuple[str, ...] = ()


WINDOW = '{left}_{top}_{right}_{bottom}'
RAW: Mapping[str, RawScenes] = MappingProxyType(
    {
        'potsdam': RawScenes(
            image=r'(?:.*/)?top_potsdam_(?P<id>\d+_\d+)_RGB\.tif',
            mask=r'(?:.*/)?top_potsdam_(?P<id>\d+_\d+)_label\.tif',
            tile=512,
            stride=512,
            name=f'{{id}}_{WINDOW}.png',
            mask_name=f'{{id}}_{WINDOW}.png',
            splits=MappingProxyType(
                {
                    'train': _named(f'{POTSDAM_TRAIN} 7_10 7_11 7_12'),
                    'val': _named('2_13 2_14 3_13 3_14 4_13 4_14 4_15 5_13 5_14 5_15 6_13 6_14 6_15 7_13'),
                }
            ),
            source='split and tiling of mmsegmentation, whose stride of 256 px acts as 512',
        ),
        'vaihingen': RawScenes(
            image=r'(?:.*/)?top/top_mosaic_09cm_(?P<id>area\d+)\.tif',
            mask=r'(?:.*/)?top_mosaic_09cm_(?P<id>area\d+)_noBoundary\.tif',
            tile=512,
            stride=512,
            name=f'{{id}}_{WINDOW}.png',
            mask_name=f'{{id}}_{WINDOW}.png',
            splits=MappingProxyType({'train': _named(VAIHINGEN_TRAIN, 'area'), 'val': _named(VAIHINGEN_VAL, 'area')}),
            source='split and tiling of mmsegmentation, whose stride of 256 px acts as 512',
        ),
        'isaid': RawScenes(
            image=r'(?:.*/)?(?P<split>train|val|test)/(?:.*/)?(?P<id>P\d+)\.png',
            mask=r'(?:.*/)?(?P<split>train|val)/(?:.*/)?(?P<id>P\d+)_instance_color_RGB\.png',
            tile=896,
            stride=512,
            name='{id}_{top}_{bottom}_{left}_{right}.png',
            mask_name='{id}_{top}_{bottom}_{left}_{right}_instance_color_RGB.png',
            source='tiling of mmsegmentation',
            unlabelled=('test',),
        ),
    }
)


@dataclass(frozen=True)
class Plan:
    """What is to be cut.

    Attributes:
        scenes: Rasters of each scene by split: the image, and the mask where there is one.
        unused: Images that belong to no split.
    """

    scenes: Mapping[str, Sequence[Sequence[Source]]] = field(hash=False)
    unused: tuple[Path, ...] = ()


def plan_tiles(name: str, folder: Path, target: Path) -> Plan:
    """Finds the scenes of a dataset in the folder into which its archives were unpacked.

    Args:
        name: Key of ``RAW``.
        folder: The archives' content; folders in it may be nested in any way that keeps their own names.
        target: Folder of the tiles, in mmsegmentation's layout.

    Raises:
        DataError: If there is no image, an image lacks its mask, or one occurs twice.
    """
    raw = RAW[name]
    images, masks = _find(folder, raw.image), _find(folder, raw.mask)
    if not images:
        packed = ' Unpack the archives in it.' if any(folder.rglob('*.zip')) else ''
        raise DataError(folder, 'no image', f'files like {raw.image}', f'Give the folder of {name}.{packed}')
    known = {scene: split for split, scenes in raw.splits.items() for scene in scenes}
    scenes: dict[str, list[list[Source]]] = {}
    unused = []
    for (split, scene), path in images.items():
        split = split or known.get(scene, '')
        if not split:
            unused.append(path)
            continue
        rasters = [_image(raw, path, scene, target / 'img_dir' / split)]
        if split not in raw.unlabelled:
            mask = masks.get((split if not raw.splits else '', scene))
            if mask is None:
                fix = 'Unpack the masks too, or take the image away.'
                raise DataError(path, 'no mask', f'a file like {raw.mask} with {scene}', fix)
            rasters.append(_mask(name, raw, mask, scene, target / 'ann_dir' / split))
        scenes.setdefault(split, []).append(rasters)
    return Plan({split: scenes[split] for split in sorted(scenes)}, tuple(unused))


def _find(folder: Path, expression: str) -> dict[tuple[str, str], Path]:
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.rglob('*')):
        match = re.fullmatch(expression, path.relative_to(folder).as_posix())
        if match is None or not path.is_file():
            continue
        parts = match.groupdict()
        key = parts.get('split') or '', parts['id']
        if key in found:
            raise DataError(path, f'the name of {found[key]}', 'every scene once', 'Take one of both away.')
        found[key] = path
    return found


def _image(raw: RawScenes, path: Path, scene: str, folder: Path) -> Source:
    return Source(path, str(folder / raw.name.replace('{id}', scene)), (1, 2, 3), 0, picture)


def _mask(name: str, raw: RawScenes, path: Path, scene: str, folder: Path) -> Source:
    record = get(name)
    convert: Callable[[NDArray[Any]], NDArray[np.uint8]] = partial(
        _indices, palette=record.palette, path=path, zero=record.reduce_zero_label
    )
    target = str(folder / raw.mask_name.replace('{id}', scene))
    return Source(path, target, (1, 2, 3), 0 if record.reduce_zero_label else IGNORE, convert)


def _indices(pixels: NDArray[Any], palette: Sequence[Colour], path: Path, zero: bool) -> NDArray[np.uint8]:
    """Class indices of a window in colours; with ``zero`` 0 means "ignore" and 1 is the first class."""
    mask = from_colours(pixels, palette, path)
    return np.where(mask == IGNORE, 0, mask + 1).astype(np.uint8) if zero else mask
