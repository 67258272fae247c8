from __future__ import annotations

import numpy as np
import pytest
from rasterio.windows import Window

from mmrs.errors import RasterError
from mmrs.geo.scene import Scene

RNG = np.random.default_rng(0)


def noise(side: int = 256) -> np.ndarray:
    return RNG.integers(0, 255, (3, side, side)).astype('uint8')


def test_missing_file_folder_empty_file_and_text(tmp_path):
    (tmp_path / 'empty.tif').touch()
    (tmp_path / 'text.tif').write_text('not a raster')
    for name, found in (
        ('gone.tif', 'no such file'),
        ('', 'a folder'),
        ('empty.tif', r'an empty file \(0 bytes\)'),
        ('text.tif', 'a file that does not open'),
    ):
        with pytest.raises(RasterError, match=found) as error:
            Scene(tmp_path / name)
        assert str(tmp_path) in str(error.value)


def test_band_out_of_range_names_what_there_is(make_raster):
    for bands in ([1, 4], [0], ['nir']):
        with pytest.raises(RasterError, match=r'found 3 band\(s\).*Choose bands from 1 to 3'):
            Scene(make_raster(noise(8)), bands=bands)


@pytest.mark.parametrize('options', [{'tiled': True, 'blockxsize': 64, 'blockysize': 64}, {'compress': 'deflate'}])
def test_file_truncated_in_the_middle_names_the_rows(make_raster, options):
    path = make_raster(noise(), **options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Scene(path) as scene:
        scene.read(Window(0, 0, 8, 8))
        with pytest.raises(RasterError, match=r'unreadable pixels in rows 192 to 256, columns 0 to 256'):
            scene.read(Window(0, 192, 256, 64))
        with pytest.raises(RasterError, match='truncated or damaged'):
            scene.overview(64)


@pytest.mark.parametrize('driver, name', [('PNG', 'a.png'), ('JPEG', 'a.jpg')])
def test_truncated_pictures_do_not_turn_grey(make_raster, driver, name):
    path = make_raster(noise(), name, driver=driver, crs=None, transform=None)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning), Scene(path) as scene, pytest.raises(RasterError, match='unreadable pixels'):
        scene.read()


def test_truncated_header(make_raster):
    path = make_raster(noise())
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RasterError, match='does not open'):
        Scene(path)
