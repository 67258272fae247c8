"""Dates of images, from names of files or from texts beside the pixels."""

from __future__ import annotations

import datetime
import os
import re
from pathlib import Path

from mmrs.errors import DataError

# Year, month and day; without separators they stand alone, not inside a longer number.
DAY = re.compile(r'(?<!\d)((?:19|20)\d\d)([-_/.]?)(\d\d)\2(\d\d)(?!\d)')
MONTH = re.compile(r'(?<!\d)((?:19|20)\d\d)[-_]?(\d\d)(?!\d)')


def day_of_year(text: str | os.PathLike[str], source: str | os.PathLike[str] | None = None) -> int:
    """Day of the year of the last date in a text; the first of the month where only a month is named.

    Args:
        text: Such as ``2018-09-24``, ``20180924``, or a path like ``0_0/tile_2018_09_median_s2.tif``.
        source: What an error names; None: the text.

    Returns:
        1 to 366.

    Raises:
        DataError: There is no date in it.
    """
    name = Path(os.fspath(text)).name
    days = [(year, month, day) for year, _, month, day in DAY.findall(name)]
    for year, month, day in reversed(days or [(year, month, '01') for year, month in MONTH.findall(name)]):
        try:
            return datetime.date(int(year), int(month), int(day)).timetuple().tm_yday
        except ValueError:
            continue
    fix = 'Rename the file, or train without the calendar (dates=False).'
    raise DataError(source or text, f'no date in {name!r}', 'a date such as 20180924, 2018-09-24 or 2018_09', fix)
