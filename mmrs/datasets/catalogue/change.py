"""Change detection datasets."""

from __future__ import annotations

from mmrs.datasets.catalogue.records import Dataset, Split, pairs

CLASSES = ('unchanged', 'changed')
PALETTE = ((0, 0, 0), (255, 255, 255))
CGEARTHEYE = 'CGEarthEye repository; counts: general knowledge'


def _splits(folders: tuple[str, str, str], suffix: str, counts: tuple[int | None, ...]) -> tuple[Split, ...]:
    return tuple(
        pairs(
            split,
            count,
            before=f'{split}/{folders[0]}/{{id}}{suffix}',
            after=f'{split}/{folders[1]}/{{id}}{suffix}',
            mask=f'{split}/{folders[2]}/{{id}}{suffix}',
        )
        for split, count in zip(('train', 'val', 'test'), counts, strict=True)
    )


IMAGES = ('Image1', 'Image2', 'Label')
AB = ('A', 'B', 'label')
ENTRIES: tuple[Dataset, ...] = (
    Dataset(
        name='levir-cd',
        title='LEVIR-CD',
        task='change detection',
        classes=CLASSES,
        palette=PALETTE,
        splits=_splits(IMAGES, '.png', (445, 64, 128)),
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
        splits=_splits(IMAGES, '.png', (12_000, 4_000, 4_000)),
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
        splits=_splits(IMAGES, '.jpg', (10_000, 3_000, 3_000)),
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
        splits=_splits(AB, '.png', (4536, 504, 2760)),
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
        splits=_splits(AB, '.png', (None, None, None)),
        licence='not stated in the sources',
        source='SkySense++ README (size)',
        folder='DSIFN-CD',
        sensor='rgb',
        size=(512, 512),
        gsd=0.3,
        mask_threshold=128,
        notes='the published layout is not known here: arrange it in these folders',
    ),
)
