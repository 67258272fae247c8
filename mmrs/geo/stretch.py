"""Pictures for people from imagery of any dtype and band count."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (1.0, 99.0)


def to_picture(image: NDArray[Any], valid: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """Stretches an image to what an eye can read.

    The darkest and brightest per cent are clipped. 8-bit colour is stretched by one factor, which keeps its hues;
    other dtypes band by band. Three bands or more show the first three as red, green, blue; fewer show the first in
    grey, floating-point backscatter included.

    Args:
        image: (bands, rows, columns).
        valid: (rows, columns), where the image holds pixels; NaN never does.

    Returns:
        (rows, columns, 3); missing pixels are white.
    """
    shown = (image[:3] if len(image) >= 3 else image[:1]).astype(np.float32)
    if np.iscomplexobj(image):
        shown = np.abs(image[:1]).astype(np.float32)
    there = np.isfinite(shown).all(axis=0)
    if valid is not None:
        there &= valid
    if not there.any():
        return np.full((*shown.shape[1:], 3), 255, np.uint8)
    joint = image.dtype == np.uint8
    limits = np.percentile(shown[:, there], PERCENTILES, axis=None if joint else 1)
    low, high = np.broadcast_to(limits.reshape(2, -1, 1, 1), (2, len(shown), 1, 1)).astype(np.float32)
    scaled = (np.where(there, shown, low) - low) / np.maximum(high - low, np.finfo(np.float32).tiny)
    picture = np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    picture = np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
    picture[~there] = 255
    return picture
