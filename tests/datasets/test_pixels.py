"""Pixels come as they are in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_sets import save

from mmrs.datasets.pixels import read_pixels
from mmrs.errors import RasterError


def test_arrays_keep_dtype_and_choose_their_key(tmp_path: Path) -> None:
    image = np.arange(10 * 4, dtype=np.float32).reshape(10, 2, 2)
    for name, arrays in (('a', dict(arr_0=image)), ('b', dict(image=image, date=np.zeros(3))), ('c', dict(x=image))):
        np.savez(tmp_path / f'{name}.npz', **arrays)
        assert np.array_equal(read_pixels(tmp_path / f'{name}.npz'), image)
    np.save(tmp_path / 'd.npy', image.astype(np.int16))
    found = read_pixels(tmp_path / 'd.npy', [3, 1])
    assert found.dtype == np.int16 and found[:, 0, 0].tolist() == [8, 0]
    with pytest.raises(RasterError, match=r'found 10 bands; expected bands \[11\]'):
        read_pixels(tmp_path / 'd.npy', [11])


def test_broken_arrays_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / 'two.npz', a=np.zeros((2, 2)), b=np.zeros((2, 2)))
    with pytest.raises(RasterError, match='two.npz: found arrays a, b; expected one array, or one called image'):
        read_pixels(tmp_path / 'two.npz')
    (tmp_path / 'cut.npz').write_bytes((tmp_path / 'two.npz').read_bytes()[:90])
    (tmp_path / 'empty.npy').touch()
    np.save(tmp_path / 'object.npy', np.array([{}]), allow_pickle=True)
    np.save(tmp_path / 'line.npy', np.zeros(3))
    for name in ('cut.npz', 'empty.npy', 'object.npy', 'absent.npz', 'line.npy'):
        with pytest.raises(RasterError, match=name):
            read_pixels(tmp_path / name)


def test_sixteen_bits_and_floats_of_rasters(tmp_path: Path) -> None:
    for dtype in (np.uint16, np.float32, np.int16):
        image = np.full((4, 2, 2), 3000, dtype)
        assert read_pixels(save(tmp_path / 'a.tif', image)).dtype == dtype
