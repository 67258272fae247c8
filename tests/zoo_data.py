"""Data for any config of the zoo: real samples where a set fits, else painted ones in the layout of its dataset."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from mmengine.config import Config
from PIL import Image
from rasterio.windows import Window
from tiny_change import paint_pairs
from tiny_sets import catalogue_set, coco_set, save

from mmrs.apis.zoo.check import LOADERS, datasets_of
from mmrs.datasets.box_files import write_dota, write_xml
from mmrs.datasets.catalogue import CATALOGUE, get
from mmrs.datasets.synthetic import Plan, write_dataset, write_detection

SIDE = 64
CORNERS = np.array([(20, 30), (60, 40), (56, 56), (16, 46)], float)


def provide(config: Config, shared: Path | None) -> str:
    """Writes the data of a config to its ``data_root``, unless they are there already.

    Args:
        config: As loaded, before it is made tiny.
        shared: Folder of real samples; None where there is none.

    Returns:
        ``real`` or ``painted``.
    """
    root = Path(config.data_root)
    mark = root / 'kind.txt'
    if mark.is_file():
        return mark.read_text()
    real = REAL.get(root.name) if shared else None
    if real:
        real(shared, root)
    else:
        paint(config, root)
    mark.write_text('real' if real else 'painted')
    return mark.read_text()


# Real samples: the middle of one or two images, cut to a size that costs nothing.


def cut(source: Path, target: Path, side: int = SIDE) -> None:
    """The middle of a raster or picture, in its own format."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix in ('.tif', '.tiff'):
        with rasterio.open(source) as file:
            left, top = (file.width - side) // 2, (file.height - side) // 2
            window = Window(left, top, side, side)
            profile = {**file.profile, 'width': side, 'height': side, 'transform': file.window_transform(window)}
            for key in ('tiled', 'blockxsize', 'blockysize'):
                profile.pop(key, None)
            pixels = file.read(window=window)
        with rasterio.open(target, 'w', **profile) as file:
            file.write(pixels)
        return
    image = Image.open(source)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image.crop((left, top, left + side, top + side)).save(target)


def pairs(*folders: str, splits: tuple[str, ...] = ('train', 'val'), number: int = 2) -> Callable:
    """Files that lie as published: the first ones of each split and folder."""

    def copy(shared: Path, root: Path) -> None:
        for split in splits:
            for folder in folders:
                for path in sorted((shared / root.name / split / folder).iterdir())[:number]:
                    cut(path, root / split / folder / path.name)

    return copy


def potsdam(shared: Path, root: Path) -> None:
    for folder in ('img_dir', 'ann_dir'):
        (source,) = (shared / 'isprs_sample' / 'potsdam' / folder).iterdir()
        for split in ('train', 'val', 'test'):
            cut(source, root / folder / split / source.name)


def cropland(shared: Path, root: Path) -> None:
    for folder in ('Img', 'Label'):
        for source in (shared / 'cropland_sample' / folder).iterdir():
            for split in ('train', 'val', 'test'):
                cut(source, root / split / folder / source.name)


def levir(shared: Path, root: Path) -> None:
    labels = sorted((shared / 'levir_cd_sample' / 'label').iterdir())
    changed = [path for path in labels if np.asarray(Image.open(path)).any()][:2]
    for split in ('train', 'val', 'test'):
        for name in (path.name for path in changed):
            for folder in ('A', 'B', 'label'):
                cut(shared / 'levir_cd_sample' / folder / name, root / split / folder / name, 96)


def floods(shared: Path, root: Path) -> None:
    for folder in ('S1Hand', 'S2Hand', 'LabelHand'):
        for source in (shared / 'sen1floods11' / folder).iterdir():
            cut(source, root / folder / source.name)
    _splits(root, 'sen1floods11', [path.name.removesuffix('_S1Hand.tif') for path in (root / 'S1Hand').iterdir()])


def scenes(shared: Path, root: Path) -> None:
    """One image a class, in AID's layout with lists or in folders of splits."""
    listed = root.name == 'AID'
    lines = []
    for label, name in enumerate(get('aid').classes):
        for split in ('train', 'val'):
            source = sorted((shared / 'aid_rsicd' / split / name).iterdir())[0]
            cut(source, root / ('' if listed else split) / name / source.name)
            if split == 'train':
                lines.append(f'{name}/{source.name} {label}')
    if listed:
        _lists(root, lines)


def dota(shared: Path, root: Path) -> None:
    """The smallest tiles whole; the sample lacks the column of difficulty."""
    images = sorted((shared / 'dota_split_half' / 'images').iterdir(), key=lambda path: path.stat().st_size)[:2]
    for split in ('train', 'val'):
        for source in images:
            (root / split / 'images').mkdir(parents=True, exist_ok=True)
            shutil.copy(source, root / split / 'images')
            lines = (source.parents[1] / 'labelTxt' / f'{source.stem}.txt').read_text().splitlines()
            rows = [line.split() for line in lines if len(line.split()) == 9]
            quads = np.array([row[:8] for row in rows], float).reshape(-1, 4, 2)
            write_dota(root / split / 'annfiles' / f'{source.stem}.txt', quads, [row[8] for row in rows])


def m4sar(shared: Path, root: Path) -> None:
    """Two pairs, in all splits."""
    names = sorted(path.stem for path in (shared / 'm4sar' / 'optical').iterdir())[:2]
    for name in names:
        for file in (f'optical/{name}.tif', f'sar/{name}.tif', f'labelTxt/{name}.txt'):
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(shared / 'm4sar' / file, root / file)
    _splits(root, 'm4-sar', names)


def as_it_is(shared: Path, root: Path) -> None:
    shutil.copytree(shared / root.name, root)


def trees(shared: Path, root: Path) -> None:
    as_it_is(shared, root)
    _splits(root, 'treesatai', [item['id'] for item in json.loads((root / 'labels.json').read_text())])


REAL: dict[str, Callable[[Path, Path], None]] = {
    'potsdam': potsdam,
    'cropland': cropland,
    'LEVIR-CD': levir,
    'sen1floods11': floods,
    'AID': scenes,
    'aid_rsicd': scenes,
    'DOTA-tiles': dota,
    'm4sar': m4sar,
    'treesatai': trees,
    'caffe_glacier_sar': as_it_is,
    'levir_cd_sample': as_it_is,
    'amazon_forest': pairs('images', 'masks'),
    'roads_epfl': pairs('images', 'groundtruth'),
}


# Painted ones, by the class of the dataset.


def paint(config: Config, root: Path) -> None:
    """Two samples a split in the layout of the config's dataset."""
    if root.name in ('synthetic', 'synthetic-scenes'):
        write_dataset(root, Plan(train=2, val=1, tile=SIDE, scene_size=32))
        return
    if root.name == 'synthetic-dior':
        write_detection(root, Plan(train=4, val=2, tile=128, scene_size=32, gsd=0.4), layout='dior')
        return
    first = datasets_of(config.train_dataloader)[0]
    kind = str(first['type']).rpartition('.')[2]
    if kind == 'ChangeDataset':
        paint_pairs(root, config)
    elif kind == 'CatalogueSceneDataset':
        _lists(root, _paint_scenes(root, get(first['name']).classes))
    elif kind == 'SceneFolderDataset':
        for split in ('train', 'val'):
            _paint_scenes(root / split, tuple(f'class {n:02d}' for n in range(config.model.head.num_classes)))
    elif kind == 'TreeSatAI':
        _paint_trees(root)
    else:
        for loader in LOADERS:
            for dataset in datasets_of(config[loader]):
                BY_KIND.get(kind, _paint_masks)(root, dataset)


def _noise(path: Path, side: int = SIDE, bands: int = 3) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (side, side, bands), np.uint8)
    return save(path, np.moveaxis(pixels, -1, 0) if path.suffix in ('.tif', '.tiff') else pixels)


def _splits(root: Path, name: str, ids: list[str]) -> None:
    """The same samples in every list of a dataset."""
    for split in get(name).splits:
        if split.listing:
            (root / split.listing).parent.mkdir(parents=True, exist_ok=True)
            (root / split.listing).write_text('\n'.join(ids))


def _lists(root: Path, lines: list[str]) -> None:
    (root / 'meta').mkdir(parents=True, exist_ok=True)
    for split in ('train', 'test'):
        (root / 'meta' / f'{split}.txt').write_text('\n'.join(lines))


def _paint_scenes(root: Path, classes: tuple[str, ...]) -> list[str]:
    for name in classes:
        _noise(root / name / '0.jpg', 32)
    return [f'{name}/0.jpg {label}' for label, name in enumerate(classes)]


def _paint_trees(root: Path) -> None:
    names = get('treesatai').classes
    for name in names[:4]:
        for folder, side, bands in (('aerial', 304, 4), ('s2', 6, 12), ('s1', 6, 3)):
            _noise(root / folder / f'{name}.tif', side, bands)
    text = json.dumps([dict(id=name, species=[name], share=[1.0]) for name in names[:4]])
    (root / 'labels.json').write_text(text)
    _splits(root, 'treesatai', list(names[:4]))


def _paint_masks(root: Path, dataset: Any) -> None:
    """Images and masks of mmsegmentation's own datasets, and of folders."""
    if dataset['type'] == 'mmrs.CatalogueSegDataset':
        catalogue_set(root, get(dataset['name']), (dataset['split'],))
        return
    default = '_instance_color_RGB.png' if 'iSAID' in dataset['type'] else '.png'
    bands = 1 if dataset['pipeline'][0].get('bands') == [1] else 3
    for index in range(max(dataset.get('indices', [1])) + 1):
        _noise(root / dataset['data_prefix']['img_path'] / f'P{index}{dataset.get("img_suffix", ".png")}', bands=bands)
        mask = np.random.default_rng(index).integers(1, 3, (SIDE, SIDE), np.uint8)
        name = f'P{index}{dataset.get("seg_map_suffix", default)}'
        save(root / dataset['data_prefix']['seg_map_path'] / name, mask[None] if name.endswith('.tif') else mask)


def _paint_coco(root: Path, dataset: Any) -> None:
    entry = next(entry for entry in CATALOGUE.values() if entry.folder == root.name)
    splits = (
        [split.name for split in entry.splits if split.listing == dataset['ann_file']]
        if 'name' not in dataset
        else [dataset['split']]
    )
    coco_set(root, entry, tuple(splits))


def _paint_diorr(root: Path, dataset: Any, side: int = 112) -> None:
    """Two images a split; one of the quadrilaterals is degenerate."""
    ids = [f'{Path(dataset["ann_file"]).stem}{index}' for index in range(2)]
    for one in ids:
        _noise(root / dataset['data_prefix']['img_path'] / f'{one}.jpg', side)
        path = root / 'Annotations' / 'Oriented Bounding Boxes' / f'{one}.xml'
        write_xml(path, f'{one}.jpg', (side, side), np.stack([CORNERS, CORNERS * 0 + 9]), ['Ship', 'dam'])
    path = root / dataset['ann_file']
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(ids))


def _paint_dota(root: Path, dataset: Any, side: int = 112) -> None:
    """Two tiles a split."""
    for index in range(2):
        _noise(root / dataset['data_prefix']['img_path'] / f'P{index}.png', side)
        write_dota(root / dataset['ann_file'] / f'P{index}.txt', CORNERS[None], ['ship'])


def _paint_pairs_of_boxes(root: Path, dataset: Any, side: int = 112) -> None:
    """Two optical and radar images with boxes."""
    for index in range(2):
        _noise(root / 'optical' / f'{index}.tif', side)
        _noise(root / 'sar' / f'{index}.tif', side)
        write_dota(root / 'labelTxt' / f'{index}.txt', CORNERS[None], [get(dataset['name']).classes[0]])
    _splits(root, dataset['name'], ['0', '1'])


BY_KIND: dict[str, Callable[[Path, Any], None]] = {
    'CocoDataset': _paint_coco,
    'CatalogueCocoDataset': _paint_coco,
    'CatalogueOrientedDataset': _paint_pairs_of_boxes,
    'DIORDataset': _paint_diorr,
    'DOTADataset': _paint_dota,
}
