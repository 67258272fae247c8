"""Numbers about one patch: what is missing, statistics, a hash that near-identical patches share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mmrs.geo.bands import present_pixels


@dataclass(frozen=True)
class BandStatistics:
    """Statistics of the samples that are there, one number a band; NaN where a band has none.

    Attributes:
        mean: Means.
        std: Standard deviations of the population.
        minimum: Least values.
        maximum: Greatest values.
    """

    mean: list[float]
    std: list[float]
    minimum: list[float]
    maximum: list[float]

    @property
    def constant(self) -> bool:
        """Whether no band varies, or none has a sample."""
        return not any(high > low for low, high in zip(self.minimum, self.maximum, strict=True))


def present_samples(data: NDArray[Any], nodata: Sequence[float | None], zero: bool) -> NDArray[np.bool_]:
    """Where samples are neither nodata nor NaN.

    Args:
        data: (bands, rows, columns).
        nodata: Value of each band for missing samples.
        zero: Whether 0 counts as missing too (MaRS specification, section 3.2).

    Returns:
        (bands, rows, columns), True where a sample is there.
    """
    present = np.ones(data.shape, bool)
    for index, band in enumerate(data):
        for value in (nodata[index], 0.0 if zero else None):
            found = present_pixels(band, value)
            if found is not None:
                present[index] &= found
    return present


def band_statistics(data: NDArray[Any], present: NDArray[np.bool_]) -> BandStatistics:
    """Statistics of each band, in double precision.

    Args:
        data: (bands, rows, columns).
        present: Likewise, True where a sample counts.
    """
    columns: list[tuple[float, float, float, float]] = []
    for band, there in zip(data, present, strict=True):
        values = band.ravel() if there.all() else band[there]
        if values.size == 0:
            columns.append((float('nan'),) * 4)
            continue
        # Sums of a float32 band would lose digits in float32.
        spread = (float(values.mean(dtype=np.float64)), float(values.std(dtype=np.float64)))
        columns.append((*spread, float(values.min()), float(values.max())))
    mean, std, minimum, maximum = (list(column) for column in zip(*columns, strict=True))
    return BandStatistics(mean, std, minimum, maximum)


def difference_hash(data: NDArray[Any]) -> int:
    """64 bits that tell which of 8 x 9 areas are brighter than the one to their left.

    Patches that show the same differ in few bits, whatever their noise, their brightness or a shift by some pixels.

    Args:
        data: (bands, rows, columns); NaN counts as 0.
    """
    grey = np.zeros(data.shape[1:], np.float32)
    for band in data:
        grey += np.nan_to_num(band.astype(np.float32, copy=False), posinf=0, neginf=0)
    areas = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    return int.from_bytes(np.packbits(areas[:, 1:] > areas[:, :-1]).tobytes(), 'big')


def duplicates(hashes: Sequence[tuple[int, int]], bits: int) -> list[bool]:
    """Which patches are near-identical to an earlier one that is kept.

    Two patches are when both their hashes, of the optical and of the SAR image, differ in at most ``bits`` bits: one
    place at two dates of the radar is no duplicate. Cut into ``bits + 1`` parts, such hashes share at least one part,
    so only patches that share a part in both need be compared.

    Args:
        hashes: Of the optical and the SAR image of each patch.
        bits: Bits that may differ; -1 finds no duplicates.
    """
    found = [False] * len(hashes)
    if bits < 0:
        return found
    seen: dict[tuple[int, int, int, int], list[int]] = {}
    for index, (optical, sar) in enumerate(hashes):
        first, second = _parts(optical, bits + 1), _parts(sar, bits + 1)
        keys = [(i, a, j, b) for i, a in enumerate(first) for j, b in enumerate(second)]
        near = (hashes[other] for key in keys for other in seen.get(key, ()))
        if any((optical ^ a).bit_count() <= bits and (sar ^ b).bit_count() <= bits for a, b in near):
            found[index] = True
            continue
        for key in keys:
            seen.setdefault(key, []).append(index)
    return found


def _parts(value: int, count: int) -> list[int]:
    """A 64-bit number in ``count`` parts of about equal length."""
    edges = [64 * part // count for part in range(count + 1)]
    return [value >> low & ((1 << high - low) - 1) for low, high in zip(edges, edges[1:], strict=False)]
