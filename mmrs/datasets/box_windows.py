"""Which boxes of an image a window of it shows, and how much of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Quads = NDArray[np.float64]


@dataclass(frozen=True)
class Shown:
    """Boxes in a window.

    Attributes:
        index: (k,) which of the boxes.
        quads: (k, 4, 2) corners in pixels from the window's upper left corner.
        share: (k,) part of the box's area that lies in the window (IoF), 0 to 1; exactly 1 for whole boxes.
    """

    index: NDArray[np.int64]
    quads: Quads
    share: NDArray[np.float64]


def show(quads: Quads, window: tuple[float, float, float, float], least: float = 0.5, cut: bool = True) -> Shown:
    """Chooses the boxes of a window.

    A box whose corners all lie in the window keeps them to the last bit, apart from the shift. Of another one the
    part in the window counts: the rectangle around it in the direction of the box, which may reach over the edge a
    little where the box is turned.

    Args:
        quads: (n, 4, 2) corners in pixels of the image, in order around each.
        window: Left, top, right and bottom in pixels.
        least: Least share of a box's area in the window.
        cut: Whether boxes that reach over the edge become the part that is seen; else they keep their corners.
    """
    left, top, right, bottom = window
    quads = np.asarray(quads, np.float64).reshape(-1, 4, 2)
    low, high = quads.min(1), quads.max(1)
    whole = (low >= (left, top)).all(1) & (high <= (right, bottom)).all(1)
    near = whole | ((low < (right, bottom)).all(1) & (high > (left, top)).all(1))
    share = whole.astype(np.float64)
    parts: dict[int, Quads] = {}
    frame = shapely.box(*window)
    for index in np.flatnonzero(near & ~whole):
        figure = shapely.convex_hull(shapely.multipoints(quads[index]))
        part = shapely.intersection(figure, frame)
        share[index] = part.area / figure.area if figure.area > 0 else 0.0
        if cut and share[index] >= least and part.area > 0:
            parts[int(index)] = _around(quads[index], shapely.get_coordinates(part))
    keep = np.flatnonzero(near & (share >= least) & (share > 0))
    shown = np.stack([parts.get(int(index), quads[index]) for index in keep]) if len(keep) else np.empty((0, 4, 2))
    return Shown(keep, shown - (left, top), share[keep])


def _around(quad: Quads, points: NDArray[np.float64]) -> Quads:
    """Rectangle around points in the direction of a box's longest side, corners in the box's order."""
    sides = np.roll(quad, -1, 0) - quad
    lengths = np.hypot(*sides.T)
    first = int(lengths.argmax())
    along = sides[first] / lengths[first]
    around = np.cross(quad[1] - quad[0], quad[2] - quad[1])
    across = np.array([-along[1], along[0]]) * (1 if around >= 0 else -1)
    u, v = points @ along, points @ across
    corners = [(u.min(), v.min()), (u.max(), v.min()), (u.max(), v.max()), (u.min(), v.max())]
    return np.roll(np.array([a * along + b * across for a, b in corners]), first, 0)
