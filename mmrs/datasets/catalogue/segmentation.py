"""Segmentation datasets."""

from __future__ import annotations

from types import MappingProxyType

from mmrs.datasets.catalogue.records import OWN_LISTS, Colour, Dataset, Split, mmseg_folders, pairs, with_lists

ISPRS_CLASSES = ('impervious_surface', 'building', 'low_vegetation', 'tree', 'car', 'clutter')
ISPRS_PALETTE = ((255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0), (255, 0, 0))
LANDCOVER_PALETTE = (
    (255, 255, 255), (255, 0, 0), (255, 255, 0), (0, 0, 255), (159, 129, 183), (0, 255, 0), (255, 195, 128),
)  # fmt: skip
GERMANY_CLASSES = tuple(
    'sugar_beet summer_oat meadow rape hop winter_spelt winter_triticale beans peas potatoes soybeans asparagus '
    'winter_wheat winter_barley winter_rye summer_barley maize'.split()
)
BLACK, WHITE, RED, GREEN = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0)
CITIES = {
    'train': ('America-Eugene', 'America-Louisville', 'French-Paris', 'Morocco-Casablanca', 'Nanjing')
    + ('Netherlands-Rotterdam', 'Singapore'),
    'val': ('Australia-PortHedland', 'America-Pake', 'Russian-Engels'),
    'test': ('America-NewYork', 'Japan-Hakodate', 'Peru-Callao'),
}
SKYSENSEPP = 'SkySense++ repository (fine-tuning lists)'
OWN_LAYOUT = 'the published layout is not known here: arrange it in these folders'


def _three_levels(number: int) -> tuple[Colour, ...]:
    """Colours with three levels a channel, from white downwards."""
    levels = (255, 127, 0)
    return tuple((levels[i // 9 % 3], levels[i // 3 % 3], levels[i % 3]) for i in range(number))


def _json(image: str, mask: str) -> tuple[Split, ...]:
    """SkySense++'s lists: objects with a path for the image and one for the mask."""
    files = MappingProxyType({'image': image, 'mask': mask})
    return tuple(Split(name, files, None, f'{name}.json', 'json') for name in ('train', 'val', 'test'))


def _earthmiss(split: str, samples: int | None) -> Split:
    files = {
        'image': '{city}/images/RGB/{id}.tif',
        'sar': '{city}/images/SAR/{id}[_SAR].tif',
        'mask': '{city}/masks/{id}[_mask].tif',
    }
    return Split(split, MappingProxyType(files), samples, only=MappingProxyType({'city': CITIES[split]}))


ENTRIES: tuple[Dataset, ...] = (
    Dataset(
        name='isaid',
        title='iSAID',
        task='segmentation',
        classes=(
            'background',
            'ship',
            'store_tank',
            'baseball_diamond',
            'tennis_court',
            'basketball_court',
            'Ground_Track_Field',
            'Bridge',
            'Large_Vehicle',
            'Small_Vehicle',
            'Helicopter',
            'Swimming_pool',
            'Roundabout',
            'Soccer_ball_field',
            'plane',
            'Harbor',
        ),  # fmt: skip
        palette=(
            (0, 0, 0),
            (0, 0, 63),
            (0, 63, 63),
            (0, 63, 0),
            (0, 63, 127),
            (0, 63, 191),
            (0, 63, 255),
            (0, 127, 63),
            (0, 127, 127),
            (0, 0, 127),
            (0, 0, 191),
            (0, 0, 255),
            (0, 191, 127),
            (0, 127, 191),
            (0, 127, 255),
            (0, 100, 155),
        ),  # fmt: skip
        splits=mmseg_folders(mask='{id}_instance_color_RGB.png'),
        licence='research use',
        source='CGEarthEye repository; mmsegmentation',
        folder='iSAID',
        sensor='rgb',
        size=(896, 896),
        by_hand='fetch and unpack images and masks, then cut them: `python tools/data/tile.py isaid FOLDER -o OUT`',
        notes='tiles P####_y0_y1_x0_x1.png of 896 px',
    ),
    Dataset(
        name='loveda',
        title='LoveDA',
        task='segmentation',
        classes=('background', 'building', 'road', 'water', 'barren', 'forest', 'agricultural'),
        palette=LANDCOVER_PALETTE,
        splits=mmseg_folders(counts={'train': 2522, 'val': 1669, 'test': 1796}),
        licence='not stated in the sources',
        source='CGEarthEye report; counts: general knowledge',
        folder='loveDA',
        sensor='rgb',
        size=(1024, 1024),
        gsd=0.3,
        reduce_zero_label=True,
        notes='the masks of test are not published',
    ),
    Dataset(
        name='potsdam',
        title='ISPRS Potsdam',
        task='segmentation',
        classes=ISPRS_CLASSES,
        palette=ISPRS_PALETTE,
        splits=mmseg_folders()[:2],
        licence='research use',
        source='CGEarthEye report; mmsegmentation',
        folder='potsdam',
        sensor='rgb',
        size=(512, 512),
        gsd=0.05,
        reduce_zero_label=True,
        by_hand='fetch and unpack 2_Ortho_RGB and 5_Labels_all, then `python tools/data/tile.py potsdam FOLDER -o OUT`',
    ),
    Dataset(
        name='vaihingen',
        title='ISPRS Vaihingen',
        task='segmentation',
        classes=ISPRS_CLASSES,
        palette=ISPRS_PALETTE,
        splits=mmseg_folders()[:2],
        licence='research use',
        source='SkySense++ repository; mmsegmentation',
        folder='vaihingen',
        bands=('nir', 'red', 'green'),
        size=(512, 512),
        gsd=0.05,
        reduce_zero_label=True,
        by_hand='fetch and unpack top and the eroded labels, then `python tools/data/tile.py vaihingen FOLDER -o OUT`',
    ),
    Dataset(
        name='deepglobe-landcover',
        title='DeepGlobe land cover',
        task='segmentation',
        classes=('urban', 'agriculture', 'rangeland', 'forest', 'water', 'barren'),
        palette=((0, 255, 255), (255, 255, 0), (255, 0, 255), GREEN, (0, 0, 255), WHITE),
        splits=with_lists(image='train/{id}_sat.jpg', mask='train/{id}_mask.png'),
        by_hand=OWN_LISTS,
        licence='not stated in the sources',
        source='SkySense++ repository (colours, size); names of the classes: general knowledge',
        folder='deepglobe_landcover',
        sensor='rgb',
        size=(2448, 2448),
        gsd=0.5,
        mask_colours=True,
        notes='masks are pictures in these colours; black means unknown and is ignored. Only these images have masks',
    ),
    Dataset(
        name='deepglobe-roads',
        title='DeepGlobe roads',
        task='segmentation',
        classes=('background', 'road'),
        palette=(BLACK, WHITE),
        splits=(
            pairs('train', 4696, image='train/{id}_sat.jpg', mask='train/{id}_mask.png'),
            pairs('test', 1530, image='test_label/{id}_sat.jpg', mask='test_label/{id}_mask.png'),
        ),
        licence='not stated in the sources',
        source='MaRS specification (repository history and OARENet); counts: general knowledge',
        folder='deepglobe_roads',
        sensor='rgb',
        size=(1024, 1024),
        gsd=0.5,
        mask_threshold=1,
        notes='masks are grey: from 1 on is road; a hold-out of the training images is the test set',
    ),
    Dataset(
        name='cropland',
        title='cropland (generic folders)',
        task='segmentation',
        classes=('background', 'cropland'),
        palette=(WHITE, RED),
        splits=tuple(
            pairs(split, image=f'{split}/Img/{{id}}.png', mask=f'{split}/Label/{{id}}.png')
            for split in ('train', 'val', 'test')
        ),
        licence='not stated',
        source='CGEarthEye repository',
        folder='cropland',
        sensor='rgb',
        size=(512, 512),
        by_hand='the data is private; the layout serves your own',
    ),
    Dataset(
        name='atlantic',
        title='Atlantic deforestation',
        task='segmentation',
        classes=('Background', 'Deforestation area'),
        palette=(BLACK, WHITE),
        splits=_json('s2_path', 'target_path'),
        licence='not stated in the sources',
        source=SKYSENSEPP,
        folder='atlantic',
        sensor='atlantic-s2',
        size=(512, 512),
        gsd=10.0,
        notes='4 bands, red, green, blue, near infrared judging by the means; the splits lie in '
        'deforestation_atlantic/{Training,Validation,Test}/{image,label}',
    ),
    Dataset(
        name='sos',
        title='SOS oil spill',
        task='segmentation',
        classes=('Background', 'Oil Spill Area'),
        palette=(BLACK, WHITE),
        splits=_json('s1_path', 'target_path'),
        licence='not stated in the sources',
        source=SKYSENSEPP,
        folder='sos',
        sensor='sos-sar',
        size=(256, 256),
        notes='SAR as a three-channel JPEG, masks as PNG with 0 and 1',
    ),
    Dataset(
        name='c2smsfloods',
        title='C2SMS floods',
        task='segmentation',
        classes=('Background', 'Water', 'Cloud', 'Cloud shadow'),
        palette=(BLACK, WHITE, RED, GREEN),
        splits=_json('s2_path', 'target_path'),
        licence='not stated in the sources',
        source=SKYSENSEPP,
        folder='c2smsfloods',
        sensor='c2smsfloods-s2',
        size=(512, 512),
        gsd=10.0,
        notes='.npz with key arr_0: 10 bands, masks 0 to 3',
    ),
    Dataset(
        name='sen1floods11',
        title='Sen1Floods11, hand-labelled',
        task='segmentation',
        classes=('dry', 'water'),
        palette=((214, 214, 206), (52, 120, 186)),
        splits=with_lists(
            image='S1Hand/{id}_S1Hand.tif', s2='S2Hand/{id}_S2Hand.tif', mask='LabelHand/{id}_LabelHand.tif'
        ),
        licence='no licence file in the repository; openly published Copernicus data and labels',
        source='github.com/cloudtostreet/Sen1Floods11 (sample); colours: own',
        folder='sen1floods11',
        sensor='sentinel1-grd',
        size=(512, 512),
        gsd=10.0,
        mask_values=MappingProxyType({-1: 255, 0: 0, 1: 1}),
        page='https://github.com/cloudtostreet/Sen1Floods11',
        by_hand='fetch the hand-labelled chips from the page; lists of the splits, names such as Spain_7370579, go '
        'into splits/train.txt, val.txt and test.txt',
        notes='Sentinel-1 VV and VH in dB, Sentinel-2 with 13 bands; -1 in a mask is no data',
    ),
    Dataset(
        name='cabuar',
        title='CABUAR burned areas',
        task='segmentation',
        classes=('Background', 'Burned area'),
        palette=(BLACK, WHITE),
        splits=_json('post_fire', 'mask')[:2],
        licence='not stated in the sources',
        source=SKYSENSEPP,
        folder='cabuar',
        sensor='cabuar-s2',
        gsd=10.0,
        notes='.npz with key image, 10 bands; folds 0 to 3 are for training, 4 for validation; scale of the values not '
        'stated, and the published statistics look like placeholders: check them with `mmrs data stats`',
    ),
    Dataset(
        name='flood3i',
        title='Flood-3i',
        task='segmentation',
        classes=tuple(f'class {index}' for index in range(1, 10)),
        splits=with_lists(image='Images/{scene}_{id}.jpg', mask='Semantic_mask/{scene}_lab_{id}.png'),
        by_hand=OWN_LISTS,
        licence='not stated in the sources',
        source='SkySense++ repository (evaluation)',
        folder='flood3i',
        sensor='rgb',
        size=(256, 256),
        gsd=0.05,
        reduce_zero_label=True,
        notes='masks hold 1 to 9, and may differ in size from images; names and colours of the classes are not stated',
    ),
    Dataset(
        name='gvlm',
        title='GVLM landslides',
        task='segmentation',
        classes=('background', 'landslide'),
        palette=(BLACK, WHITE),
        splits=mmseg_folders()[:2],
        licence='non-commercial use',
        source='github.com/zxk688/GVLM (README); SkySense++ README',
        folder='gvlm',
        sensor='rgb',
        gsd=0.59,
        mask_threshold=128,
        page='https://github.com/zxk688/GVLM',
        by_hand='17 pairs of scenes behind the page; cut the later date and the mask into tiles',
        notes=f'SkySense++ states 0.3 m, the authors 0.59 m. {OWN_LAYOUT}',
    ),
    Dataset(
        name='earthmiss',
        title='EarthMiss',
        task='segmentation',
        classes=('Background', 'Building', 'Road', 'Water', 'Barren', 'Forest', 'Agricultural', 'Playground'),
        palette=(*LANDCOVER_PALETTE, (165, 0, 165)),
        splits=(_earthmiss('train', None), _earthmiss('val', 277), _earthmiss('test', None)),
        licence='not stated in the sources',
        source='MaRS specification 5.3; RSE 2025, doi 10.1016/j.rse.2025.115132',
        folder='EarthMiss',
        sensor='earthmiss-rgb',
        size=(1024, 1024),
        gsd=0.6,
        reduce_zero_label=True,
        zenodo='17231107',
        page='https://zenodo.org/records/17231107',
        by_hand='unpack the archives so that the cities are folders',
        notes='3,355 pairs of RGB and SAR, float32 on a scale of 0 to 255; delete the duplicates *(1).tif in it; '
        'val has no Playground',
    ),
    Dataset(
        name='bright',
        title='BRIGHT (DFC25 track 2), building damage',
        task='segmentation',
        classes=('background', 'intact', 'damaged', 'destroyed'),
        palette=(BLACK, (70, 181, 121), (228, 189, 139), (182, 70, 69)),
        splits=with_lists(
            image='pre-event/{id}_pre_disaster.tif',
            sar='post-event/{id}_post_disaster.tif',
            mask='target/{id}_building_damage.tif',
        ),
        licence='not stated in the sources',
        source='MaRS specification 5.4; colours: own',
        folder='bright',
        sensor='rgb',
        size=(1024, 1024),
        by_hand='fetch it from its authors; put lists of a split (DFC25: 2,229, 349 and 156 names; standard: 2,918, '
        '450 and 878) into splits/train.txt, val.txt and test.txt',
        notes='optical before, radar after the event; 255 in a mask is ignored',
    ),
    Dataset(
        name='germany-crops',
        title='Germany crops',
        task='segmentation',
        classes=GERMANY_CLASSES,
        palette=_three_levels(17),
        splits=_json('s2_path', 'target_path'),
        licence='not stated in the sources',
        source=SKYSENSEPP,
        folder='germany',
        sensor='germany-s2',
        size=(24, 24),
        gsd=10.0,
        reduce_zero_label=True,
        notes='.npz with key image, T x 10 x 24 x 24: load with mmrs.LoadTimeSeries; 0 in a mask is ignored',
    ),
)
