"""Tiny datasets in published layouts, for tests of the catalogue's commands and classes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
from PIL import Image

from mmrs.datasets.catalogue import Dataset
from mmrs.datasets.catalogue.records import Split
from mmrs.datasets.layout import TOKEN


def save(path: Path, pixels: np.ndarray) -> Path:
    """Writes pixels: ``.npz`` with key ``image``, ``.tif`` with bands first or of one band, else a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.npz':
        np.savez(path, image=pixels)
    elif path.suffix in ('.tif', '.tiff'):
        import rasterio

        pixels = pixels[None] if pixels.ndim == 2 else pixels
        count, height, width = pixels.shape
        profile = dict(driver='GTiff', count=count, height=height, width=width, dtype=pixels.dtype)
        with rasterio.open(path, 'w', **profile) as file:
            file.write(pixels)
    else:
        Image.fromarray(pixels).save(path)
    return path


def cropland(root: Path, number: int = 3, size: int = 8) -> Path:
    """Folders of the cropland layout: train, val and test with ``number`` pairs each."""
    for index, split in enumerate(('train', 'val', 'test')):
        for sample in range(number):
            random = np.random.default_rng(10 * index + sample)
            save(root / split / 'Img' / f'{sample}.png', random.integers(0, 255, (size, size, 3), np.uint8))
            mask = np.zeros((size, size), np.uint8)
            mask[: size // 2] = 1
            save(root / split / 'Label' / f'{sample}.png', mask)
    return root


def listed(
    root: Path, image: np.ndarray, mask: np.ndarray, keys: tuple[str, str], suffix: str, number: int = 2
) -> Path:
    """SkySense++'s layout: train.json, val.json and test.json beside the files that they list."""
    for split in ('train', 'val', 'test'):
        items = []
        for sample in reversed(range(number)):
            names = [f'{split}/{kind}/{sample}{end}' for kind, end in (('image', suffix), ('label', '.png'))]
            if suffix == '.npz':
                names[1] = names[1].replace('.png', '.npz')
            save(root / names[0], image)
            save(root / names[1], mask)
            items.append(dict(zip(keys, names, strict=True)))
        (root / f'{split}.json').write_text(json.dumps(items))
    return root


def catalogue_set(root: Path, dataset: Dataset, splits: tuple[str, ...], size: int = 64, number: int = 2) -> Path:
    """A segmentation dataset of the catalogue in its own layout, with every class in every mask."""
    for name in splits:
        split = dataset.split(name)
        items = [_write_sample(root, dataset, split, sample, size) for sample in range(number)]
        if split.listing is not None:
            (root / split.listing).parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(items) if split.form == 'json' else '\n'.join(item['name'] for item in items)
            (root / split.listing).write_text(text)
    return root


def _write_sample(root: Path, dataset: Dataset, split: Split, sample: int, size: int) -> dict[str, str]:
    parts = {'id': f'{split.name}{sample}', 'scene': 'a', **{key: values[0] for key, values in split.only.items()}}
    item = {}
    for role, pattern in split.files.items():
        path = TOKEN.sub(lambda token: parts[token[1]] if token[1] else token[2], pattern)
        if split.form == 'json':
            path = f'{split.name}/{role}{sample}{_suffix(dataset, role)}'
            item[pattern] = path
        save(root / path, _mask(dataset, size) if role == 'mask' else _image(dataset, role, Path(path).suffix, size))
    ids = [name for name in parts if any(f'{{{name}}}' in pattern for pattern in split.files.values())]
    return {**item, 'name': '/'.join(parts[name] for name in sorted(ids, key=lambda name: name == 'id'))}


def _suffix(dataset: Dataset, role: str) -> str:
    if '.npz' in dataset.notes:
        return '.npz'
    return '.png' if role == 'mask' else '.jpg' if dataset.name == 'sos' else '.tif'


def _image(dataset: Dataset, role: str, suffix: str, size: int) -> np.ndarray:
    bands = {'sar': 1, 's2': 13}.get(role, len(dataset.band_names))
    image = np.random.default_rng(bands).integers(1, 250, (bands, size, size), np.uint8)
    if suffix in ('.png', '.jpg'):
        return np.moveaxis(image, 0, -1)
    image = image.astype(np.float32 if role in ('image', 'sar') else np.int16)
    return np.stack([image, image + 1]) if 'LoadTimeSeries' in dataset.notes else image


def _mask(dataset: Dataset, size: int) -> np.ndarray:
    number = len(dataset.classes)
    cells = itertools.islice(itertools.cycle(range(number)), (size // 8) ** 2)
    mask = np.array(list(cells), np.uint8).reshape(size // 8, size // 8).repeat(8, 0).repeat(8, 1)
    if dataset.mask_colours:
        return np.asarray(dataset.palette, np.uint8)[mask]
    if dataset.mask_threshold is not None:
        return mask * 255
    if dataset.mask_values is not None:
        stored = {index: value for value, index in dataset.mask_values.items()}
        return np.vectorize(stored.get)(mask).astype(np.int16)[None]
    return (mask + dataset.reduce_zero_label).astype(np.uint8)


def coco_set(root: Path, dataset: Dataset, splits: tuple[str, ...], side: int = 112) -> Path:
    """A detection dataset with COCO annotations in its own layout: two images with objects and masks, one without."""
    suffix = '.tif' if len(dataset.band_names) > 3 else '.jpg'
    for number, split in enumerate(dataset.split(name) for name in splits):
        images, boxes = [], []
        for index in range(3):
            pixels = np.random.default_rng(3 * number + index).integers(0, 255, (side, side, 4), np.uint8)
            pixels = np.moveaxis(pixels.astype(np.float32), -1, 0) if suffix == '.tif' else pixels[..., :3]
            name = f'{split.name}{index}{suffix}'
            save(root / split.files['image'] / name, pixels)
            images.append(dict(id=index, file_name=name, width=side, height=side))
            x, y, width, height = side // 6 + index, side // 4, side // 3, side // 5
            ring = [x, y, x + width, y, x + width, y + height, x, y + height]
            boxes.append(
                dict(id=index + 1, image_id=index, category_id=index % len(dataset.classes) + 1, iscrowd=0)
                | dict(bbox=[x, y, width, height], area=width * height, segmentation=[ring])
            )
        categories = [dict(id=index + 1, name=name) for index, name in enumerate(dataset.classes)]
        path = root / str(split.listing)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(images=images, annotations=boxes[:2], categories=categories)))
    return root
