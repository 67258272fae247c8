"""Change detection datasets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mmrs.datasets.catalogue.records import Dataset, Split
from mmrs.datasets.change_layouts import LAYOUTS

CLASSES = ('unchanged', 'changed')
PALETTE = ((0, 0, 0), (255, 255, 255))
ROLES = ('before', 'after', 'mask')
CGEARTHEYE = 'CGEarthEye repository; counts: general knowledge'


def _splits(name: str, suffix: str, counts: tuple[int | None, ...]) -> tuple[Split, ...]:
    """Splits in the folders of the archive, and in those of the other copies."""

    def split(part: str, count: int | None) -> Split:
        copies: list[Mapping[str, str]] = []
        for folders in LAYOUTS[name]:
            patterns = [f'{part}/{folder}/{{id}}{suffix}' for folder in folders]
            copies.append(MappingProxyType(dict(zip(ROLES, patterns, strict=True))))
        return Split(part, copies[0], count, others=tuple(copies[1:]))

    return tuple(split(part, count) for part, count in zip(('train', 'val', 'test'), counts, strict=True))


ENTRIES: tuple[Dataset, ...] = (
    Dataset(
        name='levir-cd',
        title='LEVIR-CD',
        task='change detection',
        classes=CLASSES,
        palette=PALETTE,
        splits=_splits('levir-cd', '.png', (445, 64, 128)),
        licence='academic use',
        source=CGEARTHEYE,
        folder='LEVIR-CD',
        sensor='rgb',
        size=(1024, 1024),
        gsd=0.5,
        mask_threshold=128,
    ),
    Dataset(
        name='sysu-cd',
        title='SYSU-CD',
        task='change detection',
        classes=CLASSES,
        palette=PALETTE,
        splits=_splits('sysu-cd', '.png', (12_000, 4_000, 4_000)),
        licence='research use',
        source=CGEARTHEYE,
        folder='SYSU-CD',
        sensor='rgb',
        size=(256, 256),
        mask_threshold=128,
    ),
    Dataset(
        name='cdd',
        title='CDD (SVCD)',
        task='change detection',
        classes=CLASSES,
        palette=PALETTE,
        splits=_splits('cdd', '.jpg', (10_000, 3_000, 3_000)),
        licence='research use',
        source=CGEARTHEYE,
        folder='CDD',
        sensor='rgb',
        size=(256, 256),
        mask_threshold=128,
        notes='masks are JPEG: grey levels between 0 and 255 are cut at 128',
    ),
    Dataset(
        name='whu-cd',
        title='WHU-CD, tiles of 256 px',
        task='change detection',
        classes=CLASSES,
        palette=PALETTE,
        splits=_splits('whu-cd', '.png', (4536, 504, 2760)),
        licence='not stated in the sources',
        source='MaRS specification 5.8; counts: general knowledge',
        folder='WHU-CD256-HANet',
        sensor='rgb',
        size=(256, 256),
        mask_threshold=1,
        notes="HANet's copy; lists <split>/<split>.txt; masks 0 and 1 (or 255): anything above 0 is change",
    ),
    Dataset(
        name='dsifn-cd',
        title='DSIFN-CD',
        task='change detection',
        classes=CLASSES,
        palette=PALETTE,
        splits=_splits('dsifn-cd', '.png', (None, None, None)),
        licence='not stated in the sources',
        source='SkySense++ README (size)',
        folder='DSIFN-CD',
        sensor='rgb',
        size=(512, 512),
        gsd=0.3,
        mask_threshold=128,
    ),
)
