"""Scene classification datasets."""

from __future__ import annotations

from types import MappingProxyType

from mmrs.datasets.catalogue.records import Dataset, Split

AID_CLASSES = tuple(
    'Airport BareLand BaseballField Beach Bridge Center Church Commercial DenseResidential Desert Farmland Forest '
    'Industrial Meadow MediumResidential Mountain Park Parking Playground Pond Port RailwayStation Resort River School '
    'SparseResidential Square Stadium StorageTanks Viaduct'.split()
)
RESISC45_CLASSES = tuple(
    'airplane airport baseball_diamond basketball_court beach bridge chaparral church circular_farmland cloud '
    'commercial_area dense_residential desert forest freeway golf_course ground_track_field harbor industrial_area '
    'intersection island lake meadow medium_residential mobile_home_park mountain overpass palace parking_lot railway '
    'railway_station rectangular_farmland river roundabout runway sea_ice ship snowberg sparse_residential stadium '
    'storage_tank tennis_court terrace thermal_power_station wetland'.split()
)
TREESATAI_CLASSES = tuple(
    'Abies Acer Alnus Betula Cleared Fagus Fraxinus Larix Picea Pinus Populus Prunus Pseudotsuga Quercus Tilia'.split()
)
LISTS = 'lists of "path label" lines; `python tools/data/split.py NAME FOLDER` writes them where you have none'


def _listed(split: str, samples: int) -> Split:
    return Split(split, MappingProxyType({'image': ''}), samples, f'meta/{split}.txt', 'labels')


TREESATAI_FILES = MappingProxyType(
    {'image': 'aerial/{id}.tif', 's1': 's1/{id}[.npz][.tif]', 's2': 's2/{id}[.npz][.tif]'}
)

ENTRIES: tuple[Dataset, ...] = (
    Dataset(
        name='aid',
        title='AID',
        task='classification',
        classes=AID_CLASSES,
        splits=(_listed('train', 2000), _listed('test', 8000)),
        licence='research use',
        source='CGEarthEye repository and report',
        folder='AID',
        sensor='rgb',
        size=(600, 600),
        notes=f'the 20 % protocol: train on 2,000, test on 8,000 images. {LISTS}',
    ),
    Dataset(
        name='resisc45',
        title='NWPU-RESISC45',
        task='classification',
        classes=RESISC45_CLASSES,
        splits=(_listed('train', 6300), _listed('test', 25200)),
        licence='research use',
        source='CGEarthEye repository and report',
        folder='NWPU-RESISC45',
        sensor='rgb',
        size=(256, 256),
        notes=f'the 20 % protocol: train on 140, test on 560 images a class. {LISTS}',
    ),
    Dataset(
        name='treesatai',
        title='TreeSatAI time series',
        task='classification',
        classes=TREESATAI_CLASSES,
        splits=(
            Split('all', TREESATAI_FILES),
            Split('train', TREESATAI_FILES, None, 'train.txt', 'names'),
            Split('test', TREESATAI_FILES, None, 'test.txt', 'names'),
        ),
        licence='CC BY 4.0 (general knowledge)',
        source='SkySense++ README (sizes); names of the genera: general knowledge, to be verified',
        folder='treesatai',
        bands=('nir', 'red', 'green', 'blue'),
        size=(304, 304),
        gsd=0.2,
        multi_label=True,
        notes='aerial 304 x 304, Sentinel-1 and Sentinel-2 6 x 6, one date (.tif) or a stack of dates (.npz with key '
        'image, T x C x H x W); labels.json lists id, species and share; train.txt and test.txt choose ids; '
        'aerial: near infrared, then red, green, blue (order not stated); Sentinel-2: B2 B3 B4 B8 B5 B6 B7 '
        'B8A B11 B12 and more, judging by the sample; Sentinel-1: VV VH',
    ),
)
