"""A picture of some samples with their labels drawn over them."""

from __future__ import annotations

import base64
import colorsys
import html
import io
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mmrs.datasets.boxes import Box, read_boxes
from mmrs.datasets.catalogue.records import Colour, Dataset
from mmrs.datasets.layout import Sample, find_samples
from mmrs.datasets.pixels import read_pixels
from mmrs.datasets.verify import read_sample_mask
from mmrs.errors import DataError
from mmrs.geo.gdal import replacing
from mmrs.geo.stretch import to_picture

CELL, TEXT, GAP = 256, 16, 6  # pixels
PICTURES = ('image', 'before', 'after', 'sar')
OPACITY = 0.45


def colours_of(dataset: Dataset) -> list[Colour]:
    """The palette, or evenly spaced hues where none is published."""
    if dataset.palette:
        return list(dataset.palette)
    number = max(len(dataset.classes), 1)
    hues = [colorsys.hsv_to_rgb(index / number, 0.8, 0.95) for index in range(number)]
    return [(round(red * 255), round(green * 255), round(blue * 255)) for red, green, blue in hues]


def write_contact_sheet(
    dataset: Dataset,
    root: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    split: str,
    count: int = 12,
    seed: int | None = None,
) -> int:
    """Writes a PNG or an HTML page with samples, one a row cell: pictures, then labels over the first picture.

    Args:
        dataset: Its record.
        root: Its folder.
        destination: ``.png`` or ``.html``.
        split: Name of the split.
        count: Number of samples.
        seed: Draws them at random by this seed; None takes them evenly spread.

    Returns:
        Number of samples shown.

    Raises:
        DataError: If there is nothing to show or the suffix is another.
        RasterError: If a picture cannot be read, or the file cannot be written.
    """
    suffix = os.path.splitext(destination)[1].lower()
    if suffix not in ('.png', '.html'):
        raise DataError(destination, f'suffix {suffix!r}', '.png or .html', 'Name the output accordingly.')
    there = [
        sample
        for sample in find_samples(root, dataset.split(split), dataset.classes).samples
        if all(path.is_file() for path in sample.files.values())
    ]
    if not there:
        raise DataError(root, 'no complete sample', f'samples of {dataset.name} {split}', 'See `mmrs data verify`.')
    chosen = np.linspace(0, len(there) - 1, min(count, len(there))).round().astype(int)
    if seed is not None:
        chosen = np.sort(np.random.default_rng(seed).choice(len(there), min(count, len(there)), replace=False))
    cells = [draw_sample(dataset, there[index]) for index in chosen]
    legend = _legend(dataset)
    with replacing(destination) as temporary:
        if suffix == '.png':
            sheet([legend, *cells] if legend else cells).save(temporary, format='png')
        else:
            temporary.write_text(_page(dataset, split, cells, legend), encoding='utf-8')
    return len(cells)


def draw_sample(dataset: Dataset, sample: Sample) -> Image.Image:
    """One sample: its pictures side by side, its labels over the last copy, its name below."""
    pictures = [to_picture(plain(read_pixels(sample.files[role]))) for role in PICTURES if role in sample.files]
    colours = colours_of(dataset)
    if 'mask' in sample.files:
        pictures.append(overlay(pictures[-1], read_sample_mask(dataset, sample.files['mask']), colours))
    boxes = read_boxes(sample.files['boxes']) if 'boxes' in sample.files else list(sample.boxes or ())
    if boxes:
        pictures.append(_with_boxes(pictures[0], boxes, dataset, colours))
    caption = sample.name
    if sample.label is not None and sample.label < len(dataset.classes):
        caption = f'{dataset.classes[sample.label]}  {caption}'
    return captioned(pictures, caption)


def captioned(pictures: Sequence[NDArray[np.uint8]], caption: str) -> Image.Image:
    """Pictures of (H, W, 3) side by side at one size, with a line of text below that keeps its end when it is long."""
    cell = Image.new('RGB', (len(pictures) * (CELL + GAP) - GAP, CELL + TEXT), 'white')
    for column, picture in enumerate(pictures):
        image = Image.fromarray(picture)
        smooth = Image.Resampling.NEAREST if max(image.size) < CELL else Image.Resampling.LANCZOS
        scale = CELL / max(image.size)
        image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), smooth)
        cell.paste(image, (column * (CELL + GAP), 0))
    longest = cell.width // 6
    caption = caption if len(caption) <= longest else f'...{caption[3 - longest :]}'
    ImageDraw.Draw(cell).text((1, CELL + 2), caption, fill='black')
    return cell


def overlay(picture: NDArray[np.uint8], mask: NDArray[np.uint8], colours: Sequence[Colour]) -> NDArray[np.uint8]:
    """Lays the colours of the classes over a picture; ignored pixels stay as they are.

    Args:
        picture: (H, W, 3).
        mask: (h, w) class indices, enlarged where it has another size.
        colours: By class index.
    """
    if mask.shape != picture.shape[:2]:
        height, width = picture.shape[:2]
        mask = np.asarray(Image.fromarray(mask).resize((width, height), Image.Resampling.NEAREST))
    known = mask < len(colours)
    tint = np.asarray(colours, np.float32)[np.where(known, mask, 0)]
    mixed = np.where(known[..., None], (1 - OPACITY) * picture + OPACITY * tint, picture)
    return np.rint(mixed).astype(np.uint8)


def plain(image: NDArray) -> NDArray:
    """(bands, rows, columns) for the eye: the first date of a series, and red, green, blue of Sentinel-2's order."""
    image = image[0] if image.ndim == 4 else image
    return image[[2, 1, 0]] if len(image) in (10, 12, 13) else image


def _with_boxes(
    picture: NDArray[np.uint8], boxes: Sequence[Box], dataset: Dataset, colours: Sequence[Colour]
) -> NDArray[np.uint8]:
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    width = max(1, round(max(image.size) / CELL))
    for box in boxes:
        index = dataset.classes.index(box.name) if box.name in dataset.classes else 0
        draw.polygon(list(box.corners), outline=colours[index % len(colours)], width=2 * width)
    return np.asarray(image)


def _legend(dataset: Dataset) -> Image.Image | None:
    if dataset.task == 'classification' or not dataset.classes:
        return None
    image = Image.new('RGB', (CELL, (len(dataset.classes) + 1) * TEXT), 'white')
    draw = ImageDraw.Draw(image)
    draw.text((2, 1), dataset.title, fill='black')
    for row, (name, colour) in enumerate(zip(dataset.classes, colours_of(dataset), strict=True), 1):
        draw.rectangle((2, row * TEXT + 2, 18, (row + 1) * TEXT - 2), fill=colour, outline='grey')
        draw.text((24, row * TEXT + 1), name, fill='black')
    return image


def sheet(cells: Sequence[Image.Image]) -> Image.Image:
    """Cells in rows and columns, about twice as wide as high."""
    width, height = max(cell.width for cell in cells), max(cell.height for cell in cells)
    columns = max(1, min(len(cells), round((2.0 * len(cells) * height / width) ** 0.5)))
    rows = -(-len(cells) // columns)
    page = Image.new('RGB', (columns * (width + 2 * GAP), rows * (height + 2 * GAP)), 'white')
    for index, cell in enumerate(cells):
        row, column = divmod(index, columns)
        page.paste(cell, (column * (width + 2 * GAP) + GAP, row * (height + 2 * GAP) + GAP))
    return page


def _page(dataset: Dataset, split: str, cells: Sequence[Image.Image], legend: Image.Image | None) -> str:
    title = html.escape(f'{dataset.title}: {split}')
    images = ''.join(f'<img alt="" src="{_data_url(cell)}">\n' for cell in ([legend] if legend else []) + list(cells))
    style = 'body{font-family:sans-serif;margin:1em}img{margin:6px;vertical-align:top}'
    head = f'<meta charset="utf-8">\n<title>{title}</title>\n<style>{style}</style>'
    return f'<!doctype html>\n{head}\n<h1>{title}</h1>\n{images}'


def _data_url(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, 'png')
    return f'data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}'
