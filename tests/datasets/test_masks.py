"""Masks of every coding become class indices, and what is none is refused by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_sets import save

from mmrs.datasets.masks import from_colours, read_mask
from mmrs.errors import DataError

PALETTE = [(0, 255, 255), (255, 255, 0), (255, 255, 255)]


def test_colours(tmp_path: Path) -> None:
    picture = np.array([[(0, 255, 255), (255, 255, 0)], [(255, 255, 255), (0, 0, 0)]], np.uint8)
    path = save(tmp_path / 'mask.png', picture)
    assert read_mask(path, palette=PALETTE).tolist() == [[0, 1], [2, 255]]
    impure = np.clip(picture.astype(int) + [[[3, -4, -9]]], 0, 255).astype(np.uint8)
    assert read_mask(save(tmp_path / 'impure.png', impure), palette=PALETTE).tolist() == [[0, 1], [2, 255]]
    with pytest.raises(DataError, match=r'found colours \(255, 0, 255\)'):
        from_colours(np.full((3, 1, 1), [[[255]], [[0]], [[255]]], np.uint8), PALETTE, path)
    grey = save(tmp_path / 'grey.png', picture[..., 0])
    with pytest.raises(DataError, match='found 1 bands of uint8; expected a mask in RGB colours'):
        read_mask(grey, palette=PALETTE)
    with pytest.raises(DataError, match='found 3 bands; expected one band of class indices'):
        read_mask(path)


def test_exact_palettes_are_not_rounded() -> None:
    picture = np.array([[[0, 0]], [[63, 60]], [[0, 0]]], np.uint8)
    assert from_colours(picture[..., :1], [(0, 63, 0)], 'x').tolist() == [[0]]
    with pytest.raises(DataError, match=r'\(0, 60, 0\)'):
        from_colours(picture, [(0, 63, 0)], 'x')


def test_negative_no_data_is_listed(tmp_path: Path) -> None:
    path = save(tmp_path / 'mask.tif', np.array([[[-1, 0, 1]]], np.int16))
    assert read_mask(path, values={-1: 255, 0: 0, 1: 1}).tolist() == [[255, 0, 1]]
    with pytest.raises(DataError, match='int16 values from -1 to 1'):
        read_mask(path)
    with pytest.raises(DataError, match=r'values \[-1\]'):
        read_mask(path, values={0: 0, 1: 1})


def test_numpy_masks(tmp_path: Path) -> None:
    path = save(tmp_path / 'mask.npz', np.array([[0, 3]], np.uint8))
    assert read_mask(path).tolist() == [[0, 3]]
