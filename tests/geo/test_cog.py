from __future__ import annotations

import json
import os

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS

from mmrs.errors import RasterError
from mmrs.geo.cog import write_cog
from mmrs.geo.pyramid import halve
from mmrs.geo.spool import RasterSpool

RNG = np.random.default_rng(0)
PLACE = {'crs': CRS.from_epsg(32759), 'transform': Affine(0.3, 0.1, 5e5, 0.1, -0.3, 5e6)}


def class_map(height: int = 1300, width: int = 1100) -> np.ndarray:
    coarse = RNG.integers(0, 4, (-(-height // 50), -(-width // 50))).astype('uint8')
    return np.kron(coarse, np.ones((50, 50), 'uint8'))[:height, :width]


def test_class_map_is_cloud_optimised_and_says_what_it_shows(tmp_path):
    pixels = class_map()
    pixels[:100] = 255
    palette, names = [(0, 0, 0), (10, 20, 30), (255, 0, 0), (1, 1, 1)], ['sea', 'Wald', 'ville', '道路']
    path = tmp_path / 'new folder' / 'map.tif'
    write_cog(pixels, path, **PLACE, nodata=255, band_names=['class'], class_names=names, palette=palette)
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(1), pixels)
        assert file.crs == PLACE['crs'] and file.transform.almost_equals(PLACE['transform'])
        assert (file.nodata, file.descriptions, file.block_shapes) == (255, ('class',), [(512, 512)])
        assert file.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'
        assert file.compression.name == 'deflate' and file.overviews(1) == [2, 4]
        assert json.loads(file.tags()['CLASS_NAMES']) == names
        assert [file.colormap(1)[value][:3] for value in range(4)] == palette
        # The order that makes it cloud-optimised: small overviews first, full resolution last.
        offsets = [int(file.get_tag_item('BLOCK_OFFSET_0_0', 'TIFF', bidx=1, ovr=ovr)) for ovr in (1, 0, None)]
        assert offsets == sorted(offsets)
    with rasterio.open(path, overview_level=0) as file:
        np.testing.assert_array_equal(file.read(1), halve(pixels[None], 'mode')[0])
    assert [entry.name for entry in path.parent.iterdir()] == ['map.tif']


@pytest.mark.parametrize('dtype', ['uint8', 'uint16', 'int16', 'int32', 'float32', 'float64'])
def test_quantities_of_any_dtype_and_band_count(tmp_path, dtype):
    pixels = RNG.integers(0, 200, (5, 600, 30)).astype(dtype)
    nodata = float('nan') if dtype.startswith('float') else 0
    pixels[:, :9] = nodata
    write_cog(pixels, tmp_path / 'p.tif', nodata=nodata, resampling='average', tags={'made': 'here'})
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(tmp_path / 'p.tif') as file:
        np.testing.assert_array_equal(file.read(), pixels)
        assert file.dtypes == (dtype,) * 5 and file.crs is None and file.tags()['made'] == 'here'
        assert file.nodata == nodata or np.isnan(file.nodata)


@pytest.mark.parametrize('shape', [(1, 1), (3, 511), (512, 512), (513, 1)])
def test_any_size(tmp_path, shape):
    pixels = class_map(*shape)
    write_cog(pixels, tmp_path / 'p.tif', **PLACE)
    with rasterio.open(tmp_path / 'p.tif') as file:
        np.testing.assert_array_equal(file.read(1), pixels)


def test_spool_and_array_give_the_same_bytes_every_time(tmp_path):
    pixels = class_map()
    spool = RasterSpool(tmp_path / 'spool', 1, *pixels.shape, 'uint8')
    for row in range(0, len(pixels), 300):
        spool.write(row, pixels[None, row : row + 300])
    contents = []
    for name, source in (('a.tif', pixels), ('b.tif', spool), ('b.tif', spool)):
        write_cog(source, tmp_path / name, **PLACE, nodata=255)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1] == contents[2]


def test_unfinished_spool_is_refused(tmp_path):
    with pytest.raises(ValueError, match='0 of 5 rows'):
        write_cog(RasterSpool(tmp_path / 'spool', 1, 5, 5, 'uint8'), tmp_path / 'p.tif')
    assert not (tmp_path / 'p.tif').exists()


@pytest.mark.parametrize('size', [1000, 100_000, 400_000])
def test_full_disk_leaves_the_older_file_and_nothing_else(tmp_path, full_disk, size):
    pixels = RNG.integers(0, 255, (800, 900)).astype('uint8')  # deflates to 0.7 MB, 0.9 MB with overviews
    spool = RasterSpool(tmp_path / 'spool', 1, *pixels.shape, 'uint8')
    spool.write(0, pixels[None])
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'p.tif').write_text('older')
    with full_disk(size), pytest.raises(RasterError, match='cannot be written.*Free space'):
        write_cog(spool, tmp_path / 'out' / 'p.tif', **PLACE)
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['p.tif']
    assert (tmp_path / 'out' / 'p.tif').read_text() == 'older'


def test_disk_that_fills_up_at_the_last_bytes(tmp_path, full_disk):
    """GDAL reports some failures only while closing the file."""
    pixels = RNG.integers(0, 255, (800, 900)).astype('uint8')
    write_cog(pixels, tmp_path / 'whole.tif', **PLACE)
    whole = (tmp_path / 'whole.tif').stat().st_size
    spool = RasterSpool(tmp_path / 'spool', 1, *pixels.shape, 'uint8')
    spool.write(0, pixels[None])
    for short in (1, 500, 5000):
        with full_disk(whole - short), pytest.raises(RasterError, match='cannot be written'):
            write_cog(spool, tmp_path / 'p.tif', **PLACE)
        assert not (tmp_path / 'p.tif').exists()


def test_folder_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').touch()
    (tmp_path / 'folder.tif').mkdir()
    for destination in (tmp_path / 'file' / 'p.tif', tmp_path / 'folder.tif', '/proc/p.tif'):
        with pytest.raises(RasterError, match='cannot be written') as error:
            write_cog(class_map(9, 9), destination)
        assert os.fspath(destination) in str(error.value)
