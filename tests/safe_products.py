"""Tiny Sentinel products in SAFE format, whose pixels tell where they are."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin

WEST, NORTH = 600_000, 5_300_040  # of the optical tile, UTM zone 32
BANDS = ('B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B8A', 'B11', 'B12')
LINES, PIXELS = 160, 180  # of the radar image


def ramp(east: np.ndarray, north: np.ndarray, number: int) -> np.ndarray:
    """Stored value of an optical band at a place."""
    return 3000 + 100 * number + (east - WEST) / 2 + (NORTH - north) / 4


def write_optical(
    root: Path, side: int = 96, offset: float | None = -1000, baseline: str = '05.09', time: str = '2022-06-12T10:10:31'
) -> Path:
    """Writes a Level-2A product, cloudy in its western half, without data in a corner; returns the folder."""
    folder = root / f'S2A_MSIL2A_{time.replace("-", "").replace(":", "")}_N0509_R022_T32UPU_{baseline}.SAFE'
    images, granule = [], 'GRANULE/L2A_T32UPU/IMG_DATA'
    for number, name in enumerate((*BANDS, 'SCL')):
        gsd = 10 if name in ('B02', 'B03', 'B04', 'B08') else 20
        count = side * 10 // gsd
        east = WEST + gsd * (np.arange(count) + 0.5)
        north = NORTH - gsd * (np.arange(count) + 0.5)
        pixels = np.rint(ramp(east[None], north[:, None], number)).astype(np.uint16)
        if name == 'SCL':
            pixels = np.where(np.arange(count)[None] < count // 2, 9, 4).repeat(count, 0).astype(np.uint8)
        pixels[: 100 // gsd, -100 // gsd :] = 0
        image = f'{granule}/R{gsd}m/T32UPU_{name}_{gsd}m'
        images.append(f'<IMAGE_FILE>{image}</IMAGE_FILE>')
        path = folder / f'{image}.jp2'
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = dict(count=1, height=count, width=count, dtype=pixels.dtype, crs='EPSG:32632')
        options = dict(
            driver='JP2OpenJPEG', QUALITY='100', REVERSIBLE='YES', transform=from_origin(WEST, NORTH, gsd, gsd)
        )
        with rasterio.open(path, 'w', **shape, **options) as target:
            target.write(pixels, 1)
    offsets = '' if offset is None else ''.join(
        f'<BOA_ADD_OFFSET band_id="{number}">{offset:g}</BOA_ADD_OFFSET>' for number in range(13)
    )  # fmt: skip
    (folder / 'MTD_MSIL2A.xml').write_text(
        f'<n1:Level-2A_User_Product xmlns:n1="urn:x"><n1:General_Info><PRODUCT_START_TIME>{time}.024Z'
        f'</PRODUCT_START_TIME><PROCESSING_BASELINE>{baseline}</PROCESSING_BASELINE><SPACECRAFT_NAME>Sentinel-2A'
        f'</SPACECRAFT_NAME>{"".join(images)}<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>'
        f'{offsets}</n1:General_Info></n1:Level-2A_User_Product>'
    )
    return folder


def place(line: np.ndarray, pixel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of the middle of a radar pixel: turned, and bent a little."""
    longitude = 10.331 + 1.3e-4 * pixel - 3e-5 * line + 2e-8 * pixel * line
    return longitude, 47.852 - 9e-5 * line - 2e-5 * pixel - 1e-8 * pixel**2


def stored(line: np.ndarray, pixel: np.ndarray, polarisation: str) -> np.ndarray:
    """Stored value of a radar pixel."""
    return (400 if polarisation == 'VV' else 200) + 2 * pixel + line


def table(line: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    """Calibration table of a radar pixel, linear between lines and between pixels 0, 60, 120, ..."""
    return 500 + 0.4 * line + pixel


def write_radar(root: Path, time: str = '2022-06-14T05:30:11', kind: str = 'GRD') -> Path:
    """Writes a GRD product whose first 10 pixels of a line are empty; returns the folder."""
    folder = root / f'S1A_IW_GRDH_1SDV_{time.replace("-", "").replace(":", "")}.SAFE'
    grid_lines, grid_pixels = np.linspace(0, LINES - 1, 5), np.linspace(0, PIXELS - 1, 6)
    points = ''.join(
        f'<geolocationGridPoint><line>{line}</line><pixel>{pixel}</pixel><latitude>{place(line, pixel)[1]:.12f}'
        f'</latitude><longitude>{place(line, pixel)[0]:.12f}</longitude></geolocationGridPoint>'
        for line in grid_lines for pixel in grid_pixels
    )  # fmt: skip
    at = np.arange(0, PIXELS + 60, 60)
    vectors = ''.join(
        f'<calibrationVector><line>{line}</line><pixel count="4">{" ".join(map(str, at))}</pixel><sigmaNought>'
        f'{" ".join(f"{value:.6e}" for value in table(line, at))}</sigmaNought></calibrationVector>'
        for line in (-40, 60, LINES + 40)
    )  # fmt: skip
    for number, name in enumerate(('VV', 'VH'), 1):
        stem = f's1a-iw-grd-{name.lower()}-00{number}'
        for file, text in (
            (f'annotation/{stem}.xml', _annotation(name, time, kind, points)),
            (f'annotation/calibration/calibration-{stem}.xml', f'<calibration>{vectors}</calibration>'),
        ):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        pixels = stored(np.arange(LINES)[:, None], np.arange(PIXELS)[None], name).astype(np.uint16)
        pixels[:, :10] = 0
        (folder / 'measurement').mkdir(exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            path = folder / f'measurement/{stem}.tiff'
            with rasterio.open(path, 'w', 'GTiff', PIXELS, LINES, 1, dtype='uint16') as target:
                target.write(pixels, 1)
    return folder


def _annotation(name: str, time: str, kind: str, points: str) -> str:
    return (
        f'<product><adsHeader><productType>{kind}</productType><polarisation>{name}</polarisation><startTime>{time}.1'
        f'</startTime></adsHeader><imageInformation><rangePixelSpacing>1.0e+01</rangePixelSpacing>'
        f'<azimuthPixelSpacing>1.0e+01</azimuthPixelSpacing><numberOfSamples>{PIXELS}</numberOfSamples>'
        f'<numberOfLines>{LINES}</numberOfLines></imageInformation><geolocationGrid><geolocationGridPointList>'
        f'{points}</geolocationGridPointList></geolocationGrid></product>'
    )


def zipped(folder: Path) -> Path:
    """Packs a product as it is downloaded, and removes the folder."""
    path = Path(shutil.make_archive(str(folder.with_suffix('')), 'zip', folder.parent, folder.name))
    shutil.rmtree(folder)
    return path
