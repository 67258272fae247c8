"""Level-2A products: values, offsets and places against closed forms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from safe_products import NORTH, WEST, ramp, write_optical, zipped

from mmrs.datasets.sentinel.grid import Cell
from mmrs.datasets.sentinel.optical import BANDS, clouds, read_optical, reflectance
from mmrs.errors import DataError

CELL = Cell('a', 'EPSG:32632', Affine(10, 0, WEST - 100, 0, -10, NORTH + 200), 128)


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return zipped(write_optical(tmp_path_factory.mktemp('s2')))


def test_ten_bands_at_their_places_with_the_offset(product: Path) -> None:
    found = read_optical(product)
    assert found.platform == 'Sentinel-2A' and found.crs == 'EPSG:32632'
    assert found.time.isoformat() == '2022-06-12T10:10:31+00:00' and set(found.offsets.values()) == {-1000.0}
    east = CELL.transform.c + 10 * (np.arange(128) + 0.5)
    north = CELL.transform.f - 10 * (np.arange(128) + 0.5)
    inner = np.s_[24:100, 14:90]  # away from edges, where a bilinear neighbour is missing
    for number, band in enumerate(reflectance([found], CELL)):
        expected = ramp(east[None], north[:, None], number) - 1000
        corner = np.zeros_like(band, bool)
        corner[: 20 + 12, 10 + 96 - 12 :] = True
        difference = np.abs(band - expected)[inner][~corner[inner]]
        assert difference.max() <= 1, BANDS[number]  # rounded when stored and once more here
        assert (band[:20] == 0).all() and (band[:, :10] == 0).all() and (band[20:29, 97:106] == 0).all()
    assert number == 9


def test_products_before_baseline_4_have_no_offset(product: Path, tmp_path: Path) -> None:
    early = read_optical(write_optical(tmp_path, offset=None, baseline='03.01'))
    old, new = next(reflectance([early], CELL)), next(reflectance([read_optical(product)], CELL))
    assert old[60, 60] - new[60, 60] == 1000
    with pytest.raises(DataError, match='no BOA_ADD_OFFSET of B2.* in baseline 05.09'):
        read_optical(write_optical(tmp_path, offset=None))


def test_dark_pixels_are_not_missing(tmp_path: Path) -> None:
    dark = read_optical(write_optical(tmp_path, offset=-20000))
    band = next(reflectance([dark], CELL))
    assert band[60, 60] == 1 and band[0, 0] == 0


def test_clouds(product: Path) -> None:
    found = clouds([read_optical(product)], CELL)
    assert (found[40:110, 12:56] == 1).all() and (found[40:110, 60:100] == 0).all() and (found[:19] == 255).all()


def test_what_is_no_product_is_named(product: Path, tmp_path: Path) -> None:
    (tmp_path / 'a.zip').write_bytes(product.read_bytes()[:5000])
    with pytest.raises(DataError, match='a.zip: found no readable zip'):
        read_optical(tmp_path / 'a.zip')
    folder = write_optical(tmp_path)
    next(folder.rglob('*B11_20m.jp2')).unlink()
    with pytest.raises(DataError, match=r'no GRANULE.*B11_20m\.jp2'):
        read_optical(folder)
    (folder / 'MTD_MSIL2A.xml').rename(folder / 'MTD_MSIL1C.xml')
    with pytest.raises(DataError, match='Level-1C'):
        read_optical(folder)
