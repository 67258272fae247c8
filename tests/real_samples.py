"""Real samples in the layouts that the published configs read: a few, and the same ones in every split."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import rasterio
from PIL import Image
from rasterio.windows import Window

from mmrs.datasets.catalogue import get
from mmrs.datasets.dota_tiles import Tiling, cut_images, place_of


def aid(shared: Path, root: Path) -> None:
    """One scene of each class, and the lists of the 20 % protocol."""
    lines = []
    for label, name in enumerate(get('aid').classes):
        source = min((shared / 'aid_rsicd' / 'train' / name).iterdir())
        (root / name).mkdir(parents=True)
        shutil.copy(source, root / name)
        lines.append(f'{name}/{source.name} {label}')
    _write(root / 'meta' / 'train.txt', lines)
    _write(root / 'meta' / 'test.txt', lines)


def sen1floods11(shared: Path, root: Path, side: int = 128) -> None:
    """The corner of the chip."""
    for folder in ('S1Hand', 'S2Hand', 'LabelHand'):
        (source,) = (shared / 'sen1floods11' / folder).iterdir()
        (root / folder).mkdir(parents=True)
        with rasterio.open(source) as file:
            profile = dict(file.profile, width=side, height=side, tiled=False)
            profile = {key: value for key, value in profile.items() if not key.startswith('block')}
            pixels = file.read(window=Window(0, 0, side, side))
        with rasterio.open(root / folder / source.name, 'w', **profile) as file:
            file.write(pixels)
    name = source.name.removesuffix('_LabelHand.tif')
    for split in ('train', 'val', 'test'):
        _write(root / 'splits' / f'{split}.txt', [name])


def levir(shared: Path, root: Path) -> None:
    """Two pairs."""
    for folder in ('A', 'B', 'label'):
        for source in sorted((shared / 'levir_cd_sample' / folder).iterdir())[:2]:
            for split in ('train', 'test'):
                (root / split / folder).mkdir(parents=True, exist_ok=True)
                shutil.copy(source, root / split / folder)


def dior(shared: Path, root: Path) -> None:
    """Wind turbines, which DIOR calls windmills."""
    content = json.loads((shared / 'wind_turbines' / 'instances.json').read_text())
    names = get('dior').classes
    content['categories'] = [dict(id=index, name=name) for index, name in enumerate(names)]
    for box in content['annotations']:
        box['category_id'] = names.index('windmill')
    for split in ('trainval', 'test'):
        shutil.copytree(shared / 'wind_turbines' / 'images', root / 'images' / split)
        _write(root / 'Annotations' / f'{split}.json', [json.dumps(content)])


def dota(shared: Path, root: Path) -> None:
    """The two smallest tiles; the sample lacks the column of difficulty."""
    images = sorted((shared / 'dota_split_half' / 'images').iterdir(), key=lambda path: path.stat().st_size)
    for split in ('train', 'val'):
        (root / split / 'images').mkdir(parents=True)
        for image in images[:2]:
            shutil.copy(image, root / split / 'images')
            boxes = (image.parents[1] / 'labelTxt' / f'{image.stem}.txt').read_text().splitlines()
            whole = [f'{line} 0' for line in boxes if len(line.split()) == 9]
            _write(root / split / 'annfiles' / f'{image.stem}.txt', whole)


def dota_parts(shared: Path, root: Path, name: str, side: int = 128, share: float = 0.6) -> None:
    """Tiles of images with a class: those within the west train, those in the east are tested, others are left out."""
    source = shared / 'dota_split_half'
    for labels in (source / 'labelTxt').iterdir():
        rows = [line for line in labels.read_text().splitlines() if line.split()[8:9] == [name]]
        if rows:
            _write(root / 'labels' / labels.name, rows)
            (root / 'whole').mkdir(exist_ok=True)
            shutil.copy(source / 'images' / f'{labels.stem}.png', root / 'whole')
    cut_images(root / 'whole', root / 'labels', root / 'all', Tiling(size=side, overlap=0))
    for picture in (root / 'all' / 'images').iterdir():
        image, left, _ = place_of(picture.stem)
        with Image.open(root / 'whole' / f'{image}.png') as opened:
            border = share * opened.width
        split = 'train' if left + side <= border else 'val' if left >= border else None
        if split:
            for path in (picture, root / 'all' / 'annfiles' / f'{picture.stem}.txt'):
                (root / split / path.parent.name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, root / split / path.parent.name)


def m4sar(shared: Path, root: Path) -> None:
    """All pairs."""
    for folder in ('optical', 'sar', 'labelTxt'):
        shutil.copytree(shared / 'm4sar' / folder, root / folder)
    names = sorted(path.stem for path in (root / 'optical').iterdir())
    for split in get('m4-sar').splits:
        if split.listing:
            _write(root / split.listing, names)


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('\n'.join(lines) + '\n')
