"""What stands in a synthetic landscape: objects with geometry in metres, free of any raster.

Coordinates are ``(x, y)`` in metres from the scene's upper left corner, x to the east and y to the **south**, so that
a pixel's column and row are ``x / gsd`` and ``y / gsd``. Angles are in radians from the x axis towards the y axis.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Terrain:
    """Ground without what stands on it.

    Attributes:
        step: Cell size of the coarse grids in metres.
        elevation: (h, w) float32 metres.
        depth: (h, w) float32 metres of lake water, negative on land.
        slope: (h, w) float32 rise over run.
        rivers: Centre lines.
    """

    step: float
    elevation: NDArray[np.float32]
    depth: NDArray[np.float32]
    slope: NDArray[np.float32]
    rivers: list[Line]

    def at(self, grid: NDArray[np.float32], points: Points) -> NDArray[np.float32]:
        """Looks a coarse grid up at points: (N, 2) metres in, (N,) values out, clamped to the scene."""
        cells = (np.asarray(points) / self.step).astype(int)
        rows, columns = np.clip(cells[:, 1], 0, grid.shape[0] - 1), np.clip(cells[:, 0], 0, grid.shape[1] - 1)
        return grid[rows, columns]


@dataclass(frozen=True)
class Line:
    """River, road or track.

    Attributes:
        points: (N, 2) centre line in metres.
        width: Width in metres.
        kind: 'river', 'main', 'street' or 'track'.
    """

    points: Points
    width: float
    kind: str


@dataclass(frozen=True)
class Parcel:
    """Piece of land under one use.

    Attributes:
        ring: (N, 2) outline in metres.
        use: A crop name, 'meadow', 'bare', 'garden' or 'yard'.
        angle: Direction of the rows.
        spacing: Distance of the rows in metres.
        tone: Brightness of this parcel against others of the same use, about -1 to 1.
    """

    ring: Points
    use: str
    angle: float = 0.0
    spacing: float = 4.0
    tone: float = 0.0


def rectangle(centre: tuple[float, float], size: tuple[float, float], angle: float, margin: float = 0.0) -> Points:
    """Corners of a turned rectangle.

    Args:
        centre: x and y in metres.
        size: Length (along ``angle``) and depth in metres.
        angle: Direction of its length.
        margin: Metres that it grows by on every side.

    Returns:
        (4, 2) metres.
    """
    half = np.array(size) / 2 + margin
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    cos, sin = np.cos(angle), np.sin(angle)
    return corners @ np.array([[cos, sin], [-sin, cos]]) + np.array(centre)


@dataclass(frozen=True)
class Building:
    """Rectangular building.

    Attributes:
        centre: x and y in metres.
        size: Length (along ``angle``) and depth in metres.
        angle: Direction of the ridge.
        height: Eaves above ground in metres.
        roof: 'gable' or 'flat'.
        colour: Index into the roof colours.
    """

    centre: tuple[float, float]
    size: tuple[float, float]
    angle: float
    height: float
    roof: str
    colour: int

    def ring(self, margin: float = 0.0) -> Points:
        """Outline as (4, 2) metres, grown by ``margin`` on every side."""
        return rectangle(self.centre, self.size, self.angle, margin)


@dataclass(frozen=True)
class Thing:
    """Object for detection: a ship, a vehicle, a tank, ...

    Attributes:
        kind: Key of :data:`mmrs.datasets.synthetic.things.KINDS`.
        centre: x and y in metres.
        size: Length (along ``angle``) and width in metres.
        angle: Where its front looks.
        style: Chooses among the materials of its parts.
    """

    kind: str
    centre: tuple[float, float]
    size: tuple[float, float]
    angle: float
    style: int

    def ring(self) -> Points:
        """Outline of its box as (4, 2) metres, from the rear left corner around."""
        return rectangle(self.centre, self.size, self.angle)


@dataclass(frozen=True)
class Trees:
    """Crowns, one row each.

    Attributes:
        points: (N, 2) metres.
        radius: (N,) metres.
        height: (N,) metres.
        conifer: (N,) bool.
    """

    points: Points
    radius: NDArray[np.float64]
    height: NDArray[np.float64]
    conifer: NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """Everything in a scene.

    Attributes:
        seed: Seed that it was built from.
        width: Extent to the east in metres.
        height: Extent to the south in metres.
    """

    seed: int
    width: float
    height: float
    terrain: Terrain
    parcels: list[Parcel] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    trees: Trees | None = None
    things: list[Thing] = field(default_factory=list)
