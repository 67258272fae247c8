"""Windows of large rasters as training samples: bit for bit without augmentation, image and mask in step with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from mmrs.datasets.transforms import LoadMask, LoadRaster, LoadWindow, RandomWindow
from mmrs.datasets.windows import draw_window
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.geo.scene import Scene

ROWS, COLUMNS = 160, 224


def write(path: Path, bands: np.ndarray, **profile: Any) -> str:
    profile = dict(driver='GTiff', tiled=True, blockxsize=32, blockysize=32, compress='deflate') | profile
    count, height, width = bands.shape
    with rasterio.open(path, 'w', count=count, height=height, width=width, dtype=bands.dtype, **profile) as file:
        file.write(bands)
    return str(path)


@pytest.fixture(scope='module')
def scene(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Column and row as bands, and a mask that follows from the column: 4 stripes of 56 pixels."""
    folder = tmp_path_factory.mktemp('scene')
    columns, rows = np.meshgrid(np.arange(COLUMNS), np.arange(ROWS))
    image = np.stack([columns, rows, columns + rows]).astype(np.uint16) * 100
    mask = (columns // 56).astype(np.uint8)[None]
    return dict(img_path=write(folder / 'image.tif', image), seg_map_path=write(folder / 'mask.tif', mask))


def pixels(path: str) -> np.ndarray:
    with rasterio.open(path) as file:
        return np.moveaxis(file.read(), 0, -1)


def test_a_window_without_augmentation_is_the_plain_read(scene: dict[str, str]) -> None:
    transform = RandomWindow((48, 64), mask=dict(num_classes=4), flip=())
    whole, classes, places = pixels(scene['img_path']), pixels(scene['seg_map_path'])[..., 0], set()
    for _ in range(8):
        sample = transform(dict(scene))
        column, row, columns, rows = sample['window']
        places.add((column, row))
        assert (rows, columns) == sample['img_shape'] == sample['ori_shape'] == (48, 64)
        cut = np.s_[row : row + rows, column : column + columns]
        np.testing.assert_array_equal(sample['img'], whole[cut])
        np.testing.assert_array_equal(sample['gt_seg_map'], classes[cut])
        assert sample['img'].dtype == np.uint16 and sample['scale_factor'] == (1, 1) and not sample['flip']
        assert sample['seg_fields'] == ['gt_seg_map'] and sample['gt_seg_map'].dtype == np.uint8
    assert len(places) > 5


def test_a_whole_raster_is_what_the_plain_loaders_give(scene: dict[str, str]) -> None:
    ours = LoadWindow(bands=[2, 1], mask={})(dict(scene, num_classes=4))
    plain = LoadMask()(LoadRaster(bands=[2, 1])(dict(scene, num_classes=4)))
    for key in ('img', 'gt_seg_map'):
        np.testing.assert_array_equal(ours[key], plain[key])
    assert ours['img_shape'] == plain['img_shape'] and ours['seg_fields'] == plain['seg_fields']


@pytest.mark.parametrize('options', [
    dict(ratio_range=(0.6, 2.0)),
    dict(ratio_range=(0.3, 0.45)),
    dict(ratio_range=(0.7, 1.5), rotate_degree=180, rotate_prob=1.0),
], ids=['resized', 'coarse', 'turned'])  # fmt: skip
def test_image_and_mask_stay_in_step(scene: dict[str, str], options: dict[str, Any]) -> None:
    transform = RandomWindow((40, 40), mask=dict(num_classes=4), **options)
    flips, padded = set(), 0
    for _ in range(12):
        sample = transform(dict(scene))
        column = sample['img'][..., 0] / 100  # of the pixel that is shown, by the image
        mask = sample['gt_seg_map']
        known = (mask != 255) & (np.abs((column + 0.5 + 28) % 56 - 28) > 2)  # not at the edge of a stripe
        np.testing.assert_array_equal(mask[known], (column[known] + 0.5).astype(int) // 56)
        if 'rotate_degree' not in options:
            window = Window(*sample['window'])
            assert column.min() >= window.col_off and column.max() <= window.col_off + window.width - 1
            assert column.max() - column.min() == pytest.approx(window.width - 1, abs=0.1 * window.width)
            assert (mask != 255).all()
        padded += (mask == 255).any()
        assert ((sample['img'] == 0).all(-1) == (mask == 255))[(mask == 255) | (column > 3)].all()
        flips.add(sample['flip_direction'])
    assert len(flips) == 4 and sample['img'].shape == (40, 40, 3)
    assert padded or 'rotate_degree' not in options


def test_the_mask_is_read_before_the_image_and_refuses_windows_of_one_class(
    scene: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    original = Scene.read
    monkeypatch.setattr(Scene, 'read', lambda self, *args: read.append(Path(self.path).stem) or original(self, *args))
    transform = RandomWindow((30, 30), cat_max_ratio=0.8, mask=dict(num_classes=4), flip=())
    shares = []
    for _ in range(25):
        read.clear()
        mask = transform(dict(scene))['gt_seg_map']
        assert read.count('image') == 1 and read[-1] == 'image' and 1 <= read.count('mask') <= 10
        shares.append(np.bincount(mask.ravel()).max() / mask.size)
    assert max(shares) < 0.8 or sum(share >= 0.8 for share in shares) <= 2  # ten tries may fail
    plain = RandomWindow((30, 30), mask=dict(num_classes=4), flip=())
    assert sum((np.bincount(plain(dict(scene))['gt_seg_map'].ravel()).max() >= 720) for _ in range(25)) > 8


def test_aligned_windows_are_whole_blocks(scene: dict[str, str]) -> None:
    transform = RandomWindow((32, 32), aligned=True, mask={}, flip=())
    places = {transform(dict(scene))['window'][:2] for _ in range(60)}
    assert all(column % 32 == 0 and row % 32 == 0 for column, row in places) and len(places) > 20


@pytest.mark.parametrize('nodata', [0.0, -9999.0, float('nan')])
def test_pixels_without_data_are_padded_and_ignored(tmp_path: Path, nodata: float) -> None:
    image = np.random.default_rng(0).uniform(1, 2, (2, 40, 40)).astype(np.float32)
    image[:, :, 17:23] = nodata
    image[0, 30] = nodata  # one band still holds something
    path, mask = (
        write(tmp_path / 'a.tif', image, nodata=nodata),
        write(tmp_path / 'm.tif', np.ones((1, 40, 40), np.uint8)),
    )
    sample = RandomWindow((40, 40), mask=dict(num_classes=2), flip=(), pad_val=-5)(
        dict(img_path=path, seg_map_path=mask)
    )
    missing = np.zeros((40, 40), bool)
    missing[:, 17:23] = True
    np.testing.assert_array_equal(sample['gt_seg_map'], np.where(missing, 255, 1))
    np.testing.assert_array_equal(sample['img'][missing], -5)
    np.testing.assert_array_equal(sample['img'][~missing], np.moveaxis(image, 0, -1)[~missing])
    options = dict(ratio_range=(1.9, 2.1), rotate_degree=30, rotate_prob=1.0, mask=dict(num_classes=2))
    image[0, 30] = 1.5
    write(tmp_path / 'a2.tif', image, nodata=nodata)
    turned = RandomWindow((40, 40), **options)(dict(img_path=str(tmp_path / 'a2.tif'), seg_map_path=mask))
    known = turned['gt_seg_map'] == 1
    assert (turned['img'][known] > 0.99).all() and (turned['img'][~known] == 0).all() and known.any()


def test_smaller_scenes_give_smaller_samples(scene: dict[str, str]) -> None:
    sample = RandomWindow((512, 200), ratio_range=(2.0, 2.0), mask={})(dict(scene))
    assert sample['img'].shape == (320, 200, 3) and sample['gt_seg_map'].shape == (320, 200)


def test_several_rasters_and_a_coded_mask(tmp_path: Path, scene: dict[str, str]) -> None:
    later = write(
        tmp_path / 'later.tif', 1000 + np.arange(2 * ROWS * COLUMNS).reshape(2, ROWS, COLUMNS).astype(np.float32)
    )
    coded = write(tmp_path / 'mask.tif', np.full((1, ROWS, COLUMNS), 200, np.uint8))
    results = dict(img_path=scene['img_path'], sar_path=later, seg_map_path=coded)
    transform = RandomWindow((20, 20), bands=[1], keys=('img_path', 'sar_path'), mask=dict(threshold=128))
    sample = transform(dict(results))
    assert sample['img'].shape == (20, 20, 3) and sample['img'].dtype == np.float32
    assert (sample['gt_seg_map'] == 1).all() and sample['img'][..., 1:].min() >= 1000 > sample['img'][
        ..., 0
    ].min() / 100
    with pytest.raises(DataError, match=r'mask\.tif: found values \[200\]'):
        RandomWindow((20, 20), mask=dict(num_classes=2))(dict(results))
    assert 'gt_seg_map' not in RandomWindow((20, 20))(dict(results))


def test_rasters_of_other_sizes_or_bands_are_refused(tmp_path: Path, scene: dict[str, str]) -> None:
    small = write(tmp_path / 'small.tif', np.zeros((1, 32, 32), np.uint8))
    with pytest.raises(DataError, match=r'small\.tif: found 32 x 32 pixels; expected 160 x 224 pixels like'):
        RandomWindow((8, 8), mask={})(dict(scene, seg_map_path=small))
    with pytest.raises(RasterError, match='32 x 32 pixels'):
        RandomWindow((8, 8), keys=('img_path', 'sar_path'))(dict(scene, sar_path=small))
    with pytest.raises(RasterError, match='3 bands; expected 2: vv, vh'):
        LoadWindow()(dict(scene, band_names=('vv', 'vh')))
    with pytest.raises(DataError, match=r'absent\.tif'):
        LoadWindow(mask={})(dict(scene, seg_map_path=str(tmp_path / 'absent.tif')))


@pytest.mark.parametrize(('options', 'name'), [
    (dict(ratio_range=(2.0, 1.0)), 'ratio_range'),
    (dict(ratio_range=(0.0, 1.0)), 'ratio_range'),
    (dict(flip=('diagonal',)), 'flip'),
    (dict(aligned=True, rotate_degree=10), 'aligned'),
    (dict(crop_size=(0, 4)), 'crop_size'),
])  # fmt: skip
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ConfigError, match=f'RandomWindow.{name}'):
        RandomWindow(**{'crop_size': (8, 8), **options})


def test_a_seed_repeats_a_sample(scene: dict[str, str]) -> None:
    transform = RandomWindow((32, 40), ratio_range=(0.5, 2), rotate_degree=20, cat_max_ratio=0.7, mask={})
    np.random.seed(5)
    first = transform(dict(scene))
    np.random.seed(5)
    again = transform(dict(scene))
    assert first['window'] == again['window']
    np.testing.assert_array_equal(first['img'], again['img'])
    assert draw_window((9, 9), (9, 9), 1.0)[0] == Window(0, 0, 9, 9)
