"""Contact sheets: labels lie over the pictures in the colours of their classes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_sets import cropland, save

from mmrs.datasets.catalogue import get
from mmrs.datasets.contact_sheet import CELL, colours_of, draw_sample, overlay, write_contact_sheet
from mmrs.datasets.layout import find_samples
from mmrs.errors import DataError


def test_overlay_mixes_and_leaves_ignored_pixels() -> None:
    picture = np.full((2, 2, 3), 100, np.uint8)
    mixed = overlay(picture, np.array([[0, 1], [255, 0]], np.uint8), [(0, 0, 0), (255, 0, 0)])
    assert mixed[0, 0].tolist() == [55, 55, 55] and mixed[0, 1].tolist() == [170, 55, 55]
    assert mixed[1, 0].tolist() == [100, 100, 100]
    assert overlay(picture, np.zeros((4, 4), np.uint8), [(0, 0, 0)]).max() == 55


def test_png_and_html(tmp_path: Path) -> None:
    cropland(tmp_path / 'set')
    assert write_contact_sheet(get('cropland'), tmp_path / 'set', tmp_path / 'a.png', 'train', 2) == 2
    with Image.open(tmp_path / 'a.png') as sheet:
        colours = {colour for _, colour in sheet.convert('RGB').getcolors(10**6)}
    assert (255, 0, 0) in colours  # legend
    assert write_contact_sheet(get('cropland'), tmp_path / 'set', tmp_path / 'a.html', 'val', seed=3) == 3
    assert (tmp_path / 'a.html').read_text().count('<img') == 4
    with pytest.raises(DataError, match="suffix '.gif'"):
        write_contact_sheet(get('cropland'), tmp_path / 'set', tmp_path / 'a.gif', 'train')
    with pytest.raises(DataError, match='no complete sample'):
        write_contact_sheet(get('cropland'), tmp_path, tmp_path / 'a.png', 'train')


def test_boxes_are_drawn_over_optical_beside_sar(tmp_path: Path) -> None:
    save(tmp_path / 'optical/1.tif', np.zeros((3, 64, 64), np.uint8))
    save(tmp_path / 'sar/1.tif', np.zeros((3, 64, 64), np.uint8))
    (tmp_path / 'labelTxt').mkdir()
    (tmp_path / 'labelTxt/1.txt').write_text('8 8 40 8 40 40 8 40 bridge 0')
    dataset = get('m4-sar')
    cell = draw_sample(dataset, find_samples(tmp_path, dataset.splits[0]).samples[0])
    assert cell.width > 3 * CELL
    red = np.asarray(cell)[:CELL, :, 0].astype(int) - np.asarray(cell)[:CELL, :, 1] > 100
    assert red.any() and np.flatnonzero(red.any(0)).min() > 2 * CELL


def test_missing_palettes_get_distinct_hues() -> None:
    assert len(set(colours_of(get('flood3i')))) == 9
    assert len(set(colours_of(get('kenya-wildlife')))) == 3
