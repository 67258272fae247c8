from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmrs.errors import RasterError
from mmrs.geo.quicklook import nice_length, write_quicklook
from mmrs.geo.stretch import to_picture

NAMES = [f'class {index}' for index in range(30)]
PALETTE = [(8 * index, 255 - 8 * index, 40) for index in range(30)]
RNG = np.random.default_rng(0)


def colours(path) -> set[tuple[int, ...]]:
    return set(map(tuple, np.asarray(Image.open(path).convert('RGB')).reshape(-1, 3).tolist()))


@pytest.mark.parametrize(
    'shape, with_image', [((60, 80), True), ((20, 200), True), ((200, 20), False), ((1, 1), False)]
)
def test_shows_every_class_in_its_colour_at_any_shape(tmp_path, shape, with_image):
    values = np.resize(np.array([0, 1, 2, 255], 'uint8'), shape)
    image = RNG.integers(0, 4000, (13, *shape)).astype('uint16') if with_image else None
    path = tmp_path / 'q.png'
    write_quicklook(path, values, NAMES, PALETTE, image, gsd=(10, 10), north_up=True, title='A title')
    assert {PALETTE[value] for value in np.unique(values) if value < 255} <= colours(path)
    width, height = Image.open(path).size
    assert 500 < width < 2200 and 250 < height < 2000


def test_no_scale_many_classes_known_shares_and_same_bytes(tmp_path):
    values = RNG.integers(0, 30, (50, 50)).astype('uint8')
    for name in ('a.png', 'b.png'):
        write_quicklook(tmp_path / name, values, NAMES, PALETTE, nodata=None, shares=[1 / 30] * 30)
    assert (tmp_path / 'a.png').read_bytes() == (tmp_path / 'b.png').read_bytes()


def test_nothing_but_nodata(tmp_path):
    write_quicklook(tmp_path / 'q.png', np.full((20, 20), 255, 'uint8'), NAMES, PALETTE)
    assert (235, 235, 235) in colours(tmp_path / 'q.png')


def test_full_disk_leaves_nothing(tmp_path, full_disk):
    with full_disk(2000), pytest.raises(RasterError, match='cannot be written'):
        write_quicklook(tmp_path / 'q.png', np.zeros((20, 20), 'uint8'), NAMES, PALETTE)
    assert not list(tmp_path.iterdir())


def test_stretch_reads_dark_16_bit_and_backscatter():
    dark = RNG.integers(200, 900, (4, 40, 40)).astype('uint16')
    picture = to_picture(dark)
    assert picture.shape == (40, 40, 3) and picture.min() == 0 and picture.max() == 255
    backscatter = RNG.normal(-15, 4, (2, 40, 40)).astype('float32')
    backscatter[0, :5] = np.nan
    picture = to_picture(backscatter)
    assert (picture[:5] == 255).all() and (picture[..., 0] == picture[..., 2]).all() and picture[5:].std() > 40
    assert (to_picture(np.full((3, 4, 4), np.nan, 'float32')) == 255).all()


def test_stretch_keeps_the_hues_of_8_bit_colour():
    grey = np.repeat(RNG.integers(0, 90, (1, 40, 40)), 3, axis=0).astype('uint8')
    tinted = np.concatenate([grey[:1] // 2, grey[1:]])
    picture = to_picture(tinted).astype(int)
    assert (picture[..., 1] == picture[..., 2]).all()
    assert picture[..., 0].mean() == pytest.approx(picture[..., 1].mean() / 2, rel=0.1)


@pytest.mark.parametrize('length, nice', [(1.0, 1), (4.99, 2), (5, 5), (730, 500), (0.3, 0.2), (12000, 10000)])
def test_scale_bars_have_round_lengths(length, nice):
    assert nice_length(length) == pytest.approx(nice)
