"""Detection datasets, horizontal and oriented."""

from __future__ import annotations

from types import MappingProxyType

from mmrs.datasets.catalogue.records import Dataset, Split, pairs, with_lists

DIOR_CLASSES = tuple(
    'airplane airport baseballfield basketballcourt bridge chimney expressway-service-area expressway-toll-station dam '
    'golffield groundtrackfield harbor overpass ship stadium storagetank tenniscourt trainstation vehicle '
    'windmill'.split()
)
DIOR_START = (
    (220, 20, 60), (119, 11, 32), (0, 0, 142), (0, 0, 230), (106, 0, 228), (0, 60, 100), (0, 80, 100), (0, 0, 70),
    (0, 0, 192), (250, 170, 30), (100, 170, 30),
)  # fmt: skip
DOTA_CLASSES = tuple(
    'plane baseball-diamond bridge ground-track-field small-vehicle large-vehicle ship tennis-court basketball-court '
    'storage-tank soccer-ball-field roundabout harbor swimming-pool helicopter'.split()
)
DIOR_BOXES = 'Annotations/Oriented Bounding Boxes/{id}.xml'


def _coco(name: str, folder: str, annotations: str, samples: int | None = None) -> Split:
    return Split(name, MappingProxyType({'image': folder}), samples, annotations, 'coco')


def _diorr(name: str, samples: int) -> Split:
    folder = 'test' if name == 'test' else 'trainval'
    files = MappingProxyType({'image': f'images/{folder}/{{id}}.jpg', 'boxes': DIOR_BOXES})
    return Split(name, files, samples, f'ImageSets/Main/{name}.txt', 'names')


ENTRIES: tuple[Dataset, ...] = (
    Dataset(
        name='dior',
        title='DIOR',
        task='horizontal detection',
        classes=DIOR_CLASSES,
        palette=(
            *DIOR_START,
            (65, 70, 15),
            (175, 116, 175),
            (250, 0, 30),
            (165, 42, 42),
            (220, 220, 0),
            (127, 167, 115),
            (59, 105, 106),
            (246, 0, 122),
            (142, 108, 45),
        ),  # fmt: skip
        splits=(
            _coco('trainval', 'images/trainval', 'Annotations/trainval.json', 11_725),
            _coco('test', 'images/test', 'Annotations/test.json', 11_738),
        ),
        licence='research use',
        source='CGEarthEye repository',
        folder='DIOR',
        sensor='rgb',
        size=(800, 800),
    ),
    Dataset(
        name='sardet-100k',
        title='SARDet-100K',
        task='horizontal detection',
        classes=('ship', 'aircraft', 'car', 'tank', 'bridge', 'harbor'),
        palette=((220, 20, 60), (0, 0, 230), (106, 0, 228), (0, 182, 0), (200, 182, 0), (0, 182, 200)),
        splits=(
            _coco('train', 'JPEGImages/train', 'Annotations/train.json', 94_493),
            _coco('val', 'JPEGImages/val', 'Annotations/val.json', 10_492),
            _coco('test', 'JPEGImages/test', 'Annotations/test.json', 11_613),
        ),
        licence='CC BY-NC',
        source='MaRS specification 5.5',
        folder='SARDet_100K',
        sensor='rgb',
        notes='245,653 boxes; crops of about 512 px. The sources name Annotations/*.json and JPEGImages/ only: whether '
        'the splits have folders there is not stated',
    ),
    Dataset(
        name='ubcv2',
        title='UBCv2, RGB and SAR',
        task='horizontal detection',
        classes=('building',),
        splits=(
            _coco('train', 'images/train/merge', 'annotations/roof_fine_train_single_category.json'),
            _coco('val', 'images/val/merge', 'annotations/roof_fine_val_single_category.json'),
        ),
        licence='not stated in the sources',
        source='MaRS specification 5.6',
        folder='UBCv2',
        sensor='ubcv2',
        size=(512, 512),
        notes='TIFF with four bands, stacked from the published RGB and SAR; boxes and instance masks. The name of the '
        'one class is ours',
    ),
    Dataset(
        name='kenya-wildlife',
        title='Kenya wildlife',
        task='horizontal detection',
        classes=('elephant', 'giraffe', 'zebra'),
        splits=(
            _coco('train', 'images/train', 'annotations/train.json'),
            _coco('val', 'images/val', 'annotations/val.json'),
        ),
        licence='not stated in the sources',
        source='SkySense++ README (size); names of the classes: general knowledge, to be verified',
        folder='kenya_wildlife',
        sensor='rgb',
        size=(3068, 4603),
        notes='the published layout is not known here: arrange it as COCO in these folders',
    ),
    Dataset(
        name='dior-r',
        title='DIOR-R',
        task='oriented detection',
        classes=DIOR_CLASSES,
        palette=(
            *DIOR_START,
            (220, 220, 0),
            (175, 116, 175),
            (250, 0, 30),
            (165, 42, 42),
            (255, 77, 255),
            (0, 226, 252),
            (182, 182, 255),
            (0, 82, 0),
            (120, 166, 157),
        ),  # fmt: skip
        splits=(_diorr('train', 5_862), _diorr('val', 5_863), _diorr('test', 11_738)),
        licence='research use',
        source='CGEarthEye repository',
        folder='DIOR-R',
        sensor='rgb',
        size=(800, 800),
        notes='quads whose neighbouring corners coincide are left out',
    ),
    Dataset(
        name='dota-v1.0',
        title='DOTA v1.0',
        task='oriented detection',
        classes=DOTA_CLASSES,
        palette=(
            (165, 42, 42),
            (189, 183, 107),
            (0, 255, 0),
            (255, 0, 0),
            (138, 43, 226),
            (255, 128, 0),
            (255, 0, 255),
            (0, 255, 255),
            (255, 193, 193),
            (0, 51, 153),
            (255, 250, 205),
            (0, 139, 139),
            (255, 255, 0),
            (147, 116, 116),
            (0, 0, 255),
        ),  # fmt: skip
        splits=tuple(
            pairs(split, image=f'{split}/images/{{id}}.png', boxes=f'{split}/labelTxt/{{id}}.txt')
            for split in ('train', 'val')
        ),
        licence='academic use',
        source='mmrotate (classes, colours); layout: general knowledge',
        folder='DOTA',
        sensor='rgb',
        notes='large images: cut them into overlapping tiles first',
    ),
    Dataset(
        name='m4-sar',
        title='M4-SAR, optical and SAR pairs',
        task='oriented detection',
        classes=('bridge', 'harbor', 'oil_tank', 'playground', 'airport', 'wind_turbine'),
        splits=with_lists(image='optical/{id}[.tif][.jpg]', sar='sar/{id}[.tif][.jpg]', boxes='labelTxt/{id}.txt'),
        licence='not stated in the sources',
        source='sample of GEO-Bench-2 (layout of the files); github.com/wchao0601/M4-SAR (classes, counts)',
        folder='m4sar',
        sensor='rgb',
        size=(512, 512),
        page='https://github.com/wchao0601/M4-SAR',
        by_hand='fetch it from the page, where images lie in optical/images/{train,val,test} and sar/images/...; '
        '`python tools/data/m4sar.py` arranges it in these folders',
        notes='112,174 pairs, 981,862 boxes; optical at 10 and 60 m, SAR with VH or VV',
    ),
)
