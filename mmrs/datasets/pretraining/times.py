"""When a scene was taken, from its metadata or its name."""

from __future__ import annotations

import os
import re
import warnings
from datetime import datetime, timezone
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning

from mmrs.geo.gdal import GDAL_ERRORS, gdal_env

TAGS = ('ACQUISITION_DATETIME', 'ACQUISITIONDATETIME', 'START_TIME')  # TIFFTAG_DATETIME is when the file was written
DATE = re.compile(
    r'(?<!\d)(?P<year>(?:19|20)\d\d)(?P<mark>[-_:]?)(?P<month>\d\d)(?P=mark)(?P<day>\d\d)'
    r'(?:[T_ -]?(?P<hour>\d\d)[-:]?(?P<minute>\d\d)[-:]?(?P<second>\d\d))?(?!\d)'
)


def acquisition_time(path: str | os.PathLike[str]) -> datetime | None:
    """Acquisition in UTC.

    Asks the raster's tags first, then its name, as Umbra (``2023-03-05-18-42-11_UMBRA-05``), Capella
    (``CAPELLA_C02_SM_GEO_HH_20210208120343``) and Sentinel (``20200612T101031``) write it.

    Args:
        path: The raster.

    Returns:
        The time, or None where none is stated or what is stated is no date.
    """
    try:
        with warnings.catch_warnings(), gdal_env(GDAL_NUM_THREADS=1):
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            dataset = rasterio.open(path)
        with dataset:
            tags = {key.upper(): value for key, value in dataset.tags().items()}
    except GDAL_ERRORS:
        tags = {}
    texts = [*(tags[key] for key in TAGS if key in tags), Path(path).stem]
    return next((time for time in map(parse_time, texts) if time is not None), None)


def parse_time(text: str) -> datetime | None:
    """First date in a text that the calendar knows.

    Args:
        text: Such as ``2021-02-08T12:03:43Z``.
    """
    for match in DATE.finditer(text):
        names = ('year', 'month', 'day', 'hour', 'minute', 'second')
        year, month, day, hour, minute, second = (int(match[name] or 0) for name in names)
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
        except ValueError:
            continue
    return None
