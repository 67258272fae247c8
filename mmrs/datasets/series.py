"""Which dates of a time series a sample takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def choose_dates(available: int, number: int, evenly: bool) -> NDArray[np.intp]:
    """Indices of dates in their order; some more than once where there are fewer than asked for.

    Args:
        available: Dates of the series.
        number: Dates to take.
        evenly: Take them evenly spread instead of at random.
    """
    if evenly:
        return np.linspace(0, available - 1, number).round().astype(np.intp)
    return np.sort(np.random.choice(available, number, replace=available < number))
