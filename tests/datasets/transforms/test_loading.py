"""Loading images and masks: what is in the file comes out, and what is broken is named."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning

from mmrs.datasets.transforms import LoadMask, LoadRaster
from mmrs.errors import DataError, RasterError


def write(path: Path, pixels: np.ndarray) -> str:
    bands = pixels if pixels.ndim == 3 else pixels[None]
    count, height, width = bands.shape
    profile = dict(driver='GTiff', count=count, height=height, width=width, dtype=bands.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path, 'w', **profile) as target:
            target.write(bands)
    return str(path)


def mask_of(path: str, loader: LoadMask | None = None, **results: Any) -> np.ndarray:
    return (loader or LoadMask(num_classes=3)).transform(dict(seg_map_path=path, **results))['gt_seg_map']


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'float32'])
def test_pixels_keep_dtype_and_band_order(tmp_path: Path, dtype: str) -> None:
    pixels = np.arange(5 * 4 * 6).reshape(5, 4, 6).astype(dtype)
    path = write(tmp_path / 'a.tif', pixels)
    results = LoadRaster(bands=[4, 1]).transform(dict(img_path=path))
    assert results['img'].dtype == dtype and results['img_shape'] == results['ori_shape'] == (4, 6)
    np.testing.assert_array_equal(results['img'], pixels[[3, 0]].transpose(1, 2, 0))


def test_rgb_stays_rgb(tmp_path: Path) -> None:
    Image.new('RGB', (4, 4), (200, 100, 50)).save(tmp_path / 'a.png')
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        results = LoadRaster().transform(dict(img_path=str(tmp_path / 'a.png')))
    assert results['img'][0, 0].tolist() == [200, 100, 50]


def test_coregistered_rasters_are_stacked(tmp_path: Path) -> None:
    optical = write(tmp_path / 'a.tif', np.full((4, 5, 5), 7, np.uint8))
    radar = write(tmp_path / 'b.tif', np.full((1, 5, 5), -12.5, np.float32))
    loader = LoadRaster(bands=[1, 2, 3], keys=('img_path', 'sar_path'))
    image = loader.transform(dict(img_path=optical, sar_path=radar))['img']
    assert image.dtype == np.float32 and image[0, 0].tolist() == [7, 7, 7, -12.5]
    other = write(tmp_path / 'c.tif', np.zeros((1, 5, 6), np.float32))
    with pytest.raises(RasterError, match='5 x 6 pixels'):
        loader.transform(dict(img_path=optical, sar_path=other))


def test_missing_bands_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / 'grey.tif', np.zeros((1, 4, 4), np.uint8))
    with pytest.raises(RasterError, match='grey.tif'):
        LoadRaster(bands=[1, 2, 3]).transform(dict(img_path=path))


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.tif'])
@pytest.mark.parametrize('keep', [0, 0.5])
def test_empty_and_truncated_images_are_named(tmp_path: Path, suffix: str, keep: float) -> None:
    path = tmp_path / f'broken{suffix}'
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(RasterError, match='broken'):
        LoadRaster().transform(dict(img_path=str(path)))
    with pytest.raises(DataError, match='broken'):
        mask_of(str(path))


def test_classes_and_ignore_pass(tmp_path: Path) -> None:
    values = np.array([[0, 1], [2, 255]], np.uint8)
    np.testing.assert_array_equal(mask_of(write(tmp_path / 'm.tif', values)), values)
    Image.fromarray(values).save(tmp_path / 'm.png')
    np.testing.assert_array_equal(mask_of(str(tmp_path / 'm.png')), values)


def test_palette_images_give_indices(tmp_path: Path) -> None:
    picture = Image.fromarray(np.array([[0, 1], [2, 2]], np.uint8), mode='P')
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    picture.save(tmp_path / 'm.png')
    assert mask_of(str(tmp_path / 'm.png')).tolist() == [[0, 1], [2, 2]]


def test_values_outside_the_classes_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / 'm.tif', np.array([[0, 3], [9, 255]], np.uint8))
    with pytest.raises(DataError, match=r'm.tif: found values \[3, 9\]; expected 0 to 2'):
        mask_of(path)
    with pytest.raises(DataError, match=r'values \[3, 9\]'):
        mask_of(path, LoadMask(), num_classes=3)


@pytest.mark.parametrize('values', [[[-1, 0]], [[0, 300]]])
def test_wide_types_must_hold_small_whole_numbers(tmp_path: Path, values: list[list[int]]) -> None:
    with pytest.raises(DataError, match='whole numbers'):
        mask_of(write(tmp_path / 'm.tif', np.array(values, np.int16)))
    assert mask_of(write(tmp_path / 'ok.tif', np.array([[0, 2]], np.float32))).tolist() == [[0, 2]]
    with pytest.raises(DataError, match='whole numbers'):
        mask_of(write(tmp_path / 'half.tif', np.array([[0.5, 2]], np.float32)))


def test_colour_masks_and_other_sizes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='3 bands'):
        mask_of(write(tmp_path / 'rgb.tif', np.zeros((3, 4, 4), np.uint8)))
    path = write(tmp_path / 'm.tif', np.zeros((4, 4), np.uint8))
    with pytest.raises(DataError, match='4 x 4 pixels; expected 4 x 5'):
        mask_of(path, img_shape=(4, 5))


def test_label_map_and_threshold(tmp_path: Path) -> None:
    path = write(tmp_path / 'm.tif', np.array([[1, 2, 255]], np.uint8))
    assert mask_of(path, LoadMask(label_map={1: 0, '2': 1})).tolist() == [[0, 1, 255]]
    with pytest.raises(DataError, match=r'values \[2\]'):
        mask_of(path, LoadMask(label_map={1: 0}))
    grey = write(tmp_path / 'grey.tif', np.array([[0, 127, 128, 237]], np.uint8))
    assert mask_of(grey, LoadMask(num_classes=2, threshold=128)).tolist() == [[0, 0, 1, 1]]


def test_mmseg_settings_of_the_dataset_apply(tmp_path: Path) -> None:
    path = write(tmp_path / 'm.tif', np.array([[0, 1, 3, 255]], np.uint8))
    assert mask_of(path, reduce_zero_label=True).tolist() == [[255, 0, 2, 255]]
    assert mask_of(path, label_map={0: 0, 1: 1, 3: 2}).tolist() == [[0, 1, 2, 255]]
    assert mask_of(path, label_map={0: 255, 1: 0, 3: 1}).tolist() == [[255, 0, 1, 255]]
