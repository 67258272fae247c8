"""GRD products: calibration and places against closed forms that use neither GDAL nor PROJ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rasterio.windows import Window
from safe_products import LINES, PIXELS, place, stored, table, write_radar, zipped

from mmrs.datasets.sentinel.grid import WEB_MERCATOR, Cell, cells_touched
from mmrs.datasets.sentinel.radar import RadarProduct, backscatter, read_radar
from mmrs.errors import DataError
from mmrs.geo.web_mercator import RADIUS


@pytest.fixture(scope='module')
def product(tmp_path_factory: pytest.TempPathFactory) -> RadarProduct:
    return read_radar(zipped(write_radar(tmp_path_factory.mktemp('s1'))))


def only_cell(size: int, gsd: float = 10.0) -> Cell:
    longitude, latitude = place(np.array([80.0]), np.array([90.0]))
    return cells_touched(longitude.tolist(), latitude.tolist(), WEB_MERCATOR, gsd, size)[0]


def where(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    """Line and pixel of every pixel of a web-mercator cell, by Newton's method on the closed forms."""
    x = cell.transform.c + cell.transform.a * (np.arange(cell.size) + 0.5)
    y = cell.transform.f + cell.transform.e * (np.arange(cell.size) + 0.5)
    longitude = np.degrees(x / RADIUS)[None].repeat(cell.size, 0)
    latitude = np.degrees(np.arctan(np.sinh(y / RADIUS)))[:, None].repeat(cell.size, 1)
    line, pixel = np.full_like(longitude, 80), np.full_like(longitude, 90)
    for _ in range(20):
        there = place(line, pixel)
        east, north = longitude - there[0], latitude - there[1]
        a, b = -3e-5 + 2e-8 * pixel, 1.3e-4 + 2e-8 * line
        c, d = -9e-5, -2e-5 - 2e-8 * pixel
        line, pixel = line + (d * east - b * north) / (a * d - b * c), pixel + (a * north - c * east) / (a * d - b * c)
    return line, pixel


def test_the_table_by_hand(product: RadarProduct) -> None:
    rows, columns = np.arange(0.0, LINES), np.arange(0.0, PIXELS)
    expected = table(rows[:, None], columns[None])
    np.testing.assert_allclose(product.calibrations['VV'].table(rows, columns), expected, rtol=1e-6)
    part = product.calibrations['VV'].table(rows[70:80], columns[30:50])
    np.testing.assert_allclose(part, expected[70:80, 30:50], rtol=1e-6)


def test_sigma_nought_at_its_place(product: RadarProduct) -> None:
    cell = only_cell(256)
    line, pixel = where(cell)
    found = backscatter([product], cell, Window(0, 0, 256, 256))
    inside = (line > 1) & (line < LINES - 2) & (pixel > 12) & (pixel < PIXELS - 2)
    assert 5000 < inside.sum() < inside.size
    for name, band in zip(('VV', 'VH'), found, strict=True):
        expected = 20 * np.log10(stored(line, pixel, name) / table(line, pixel))
        assert np.abs(band - expected)[inside].max() < 0.01  # a pixel further east is 0.02 to 0.06 dB
        assert np.isnan(band[(line < -1) | (line > LINES) | (pixel < 8) | (pixel > PIXELS)]).all()
    window = Window(100, 60, 50, 70)
    np.testing.assert_allclose(backscatter([product], cell, window), found[:, 60:130, 100:150], atol=5e-3)


def test_coarse_pixels_average_power(product: RadarProduct) -> None:
    cell = only_cell(64, 40.0)
    line, pixel = where(cell)
    inside = (line > 8) & (line < LINES - 8) & (pixel > 20) & (pixel < PIXELS - 8)
    found = backscatter([product], cell, Window(0, 0, 64, 64))[0]
    expected = 20 * np.log10(stored(line, pixel, 'VV') / table(line, pixel))
    assert inside.sum() > 300 and np.abs(found - expected)[inside].max() < 0.03


def test_what_cannot_be_calibrated_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='a SLC product'):
        read_radar(write_radar(tmp_path / 'slc', kind='SLC'))
    folder = write_radar(tmp_path)
    next(folder.glob('annotation/calibration/*vh*')).unlink()
    with pytest.raises(DataError, match='no annotation/calibration/calibration-s1a-iw-grd-vh-002.xml'):
        read_radar(folder)
    for path in folder.glob('annotation/*vh*'):
        path.unlink()
    with pytest.raises(DataError, match='VV, no VH'):
        read_radar(folder)
