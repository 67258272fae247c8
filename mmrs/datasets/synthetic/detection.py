"""Draws landscapes with objects, and says where these are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmrs.datasets.synthetic.build import build_world
from mmrs.datasets.synthetic.layers import draw_layers
from mmrs.datasets.synthetic.noise import Field
from mmrs.datasets.synthetic.optical import render_optical
from mmrs.datasets.synthetic.sar import render_sar
from mmrs.datasets.synthetic.scene import check_drawing
from mmrs.datasets.synthetic.world import rectangle

# Name of every object by the layout whose names are used; what a layout has no name for is drawn and not labelled.
NAMES: Mapping[str, Mapping[str, str]] = {
    'dior': {
        'ship': 'ship', 'vehicle': 'vehicle', 'truck': 'vehicle', 'tank': 'storagetank', 'court': 'tenniscourt',
        'plane': 'airplane', 'pitch': 'groundtrackfield', 'pier': 'harbor', 'turbine': 'windmill',
    },
    'dota': {
        'ship': 'ship', 'vehicle': 'small-vehicle', 'truck': 'large-vehicle', 'tank': 'storage-tank',
        'court': 'tennis-court', 'plane': 'plane', 'pitch': 'ground-track-field', 'pier': 'harbor',
    },
    'm4-sar': {'tank': 'oil_tank', 'pitch': 'playground', 'pier': 'harbor', 'turbine': 'wind_turbine'},
}  # fmt: skip

ROUND = ('tank', 'turbine')


@dataclass(frozen=True)
class SyntheticDetection:
    """Co-registered images of one landscape, and its objects.

    Attributes:
        optical: (H, W, 3) uint8 red, green, blue.
        sar: (H, W) float32 sigma0 in dB.
        quads: (n, 4, 2) corners in pixels from the upper left corner: rear left of the object first, then around.
        names: Class of each object.
        gsd: Metres per pixel.
    """

    optical: NDArray[np.uint8]
    sar: Field
    quads: NDArray[np.float64]
    names: tuple[str, ...]
    gsd: float

    @property
    def rboxes(self) -> NDArray[np.float32]:
        """(n, 5) centre, length, width and angle (radians) in pixels."""
        side, other = self.quads[:, 1] - self.quads[:, 0], self.quads[:, 2] - self.quads[:, 1]
        columns = [*self.quads.mean(1).T, np.hypot(*side.T), np.hypot(*other.T), np.arctan2(side[:, 1], side[:, 0])]
        return np.stack(columns, 1).astype(np.float32)


def draw_detection(seed: int, height: int, width: int, gsd: float = 0.4, names: str = 'dota') -> SyntheticDetection:
    """Draws a landscape with ships, vehicles, planes, storage tanks and what else a layout has names for.

    Args:
        seed: Scene seed, >= 0. The same arguments give the same bytes.
        height: Rows, at least 16.
        width: Columns, at least 16.
        gsd: Metres per pixel, 0.2 to 4.
        names: Key of ``NAMES``.

    Raises:
        ValueError: If an argument is out of range.
    """
    check_drawing(seed, height, width, gsd)
    world = build_world(seed, width * gsd, height * gsd, NAMES[names])
    layers = draw_layers(world, (height, width), gsd)
    things = [thing for thing in world.things if thing.kind in NAMES[names]]
    # What is round has no direction: its boxes are upright, as annotators draw them.
    rings = [rectangle(one.centre, one.size, 0.0) if one.kind in ROUND else one.ring() for one in things]
    quads = np.array(rings).reshape(-1, 4, 2) / gsd
    labels = tuple(NAMES[names][thing.kind] for thing in things)
    return SyntheticDetection(render_optical(world, layers), render_sar(world, layers), quads, labels, gsd)
