"""What surfaces are made of: cover class, colour and radar backscatter of every material that a scene can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmrs.datasets.synthetic.classes import Cover


@dataclass(frozen=True)
class Material:
    """Surface material.

    Attributes:
        name: What a parcel's ``use`` or a line's ``kind`` says.
        cover: Land-cover class.
        rgb: Reflectance in red, green, blue, 0 to 1.
        sigma0: Mean C-band VV backscatter in dB.
        vary: Relative brightness change per unit of an object's tone.
        mottle: Relative brightness change per unit of fractal noise.
        rows: Relative contrast of crop rows and tramlines.
    """

    name: str
    cover: Cover
    rgb: tuple[float, float, float]
    sigma0: float
    vary: float = 0.1
    mottle: float = 0.08
    rows: float = 0.0


MATERIALS: tuple[Material, ...] = (
    Material('wild', Cover.GRASS, (0.32, 0.36, 0.20), -12.0, 0.0, 0.10),
    Material('meadow', Cover.GRASS, (0.30, 0.40, 0.18), -12.5, 0.10, 0.06),
    Material('green', Cover.GRASS, (0.34, 0.39, 0.22), -12.0, 0.10, 0.09),
    Material('garden', Cover.GRASS, (0.33, 0.40, 0.21), -11.5, 0.14, 0.13),
    Material('wheat', Cover.CROPS, (0.62, 0.53, 0.30), -12.5, 0.08, 0.05, 0.07),
    Material('maize', Cover.CROPS, (0.22, 0.36, 0.13), -9.5, 0.12, 0.06, 0.12),
    Material('rape', Cover.CROPS, (0.62, 0.60, 0.16), -10.5, 0.07, 0.05, 0.05),
    Material('beet', Cover.CROPS, (0.29, 0.43, 0.17), -10.5, 0.12, 0.06, 0.16),
    Material('tilled', Cover.CROPS, (0.40, 0.30, 0.22), -13.0, 0.12, 0.09, 0.10),
    Material('stubble', Cover.CROPS, (0.56, 0.48, 0.33), -13.5, 0.09, 0.06, 0.14),
    Material('bare', Cover.BARE, (0.62, 0.53, 0.41), -15.0, 0.10, 0.11),
    Material('water', Cover.WATER, (0.08, 0.15, 0.17), -23.0, 0.0, 0.02),
    Material('yard', Cover.ROAD, (0.38, 0.37, 0.35), -16.5, 0.08, 0.07),
    Material('track', Cover.ROAD, (0.58, 0.52, 0.42), -15.5, 0.06, 0.10),
    Material('street', Cover.ROAD, (0.31, 0.305, 0.29), -18.0, 0.08, 0.05),
    Material('main', Cover.ROAD, (0.265, 0.26, 0.25), -19.0, 0.08, 0.04),
    Material('forest floor', Cover.TREES, (0.13, 0.19, 0.08), -9.0, 0.0, 0.10),
    Material('broadleaf', Cover.TREES, (0.19, 0.30, 0.11), -8.0, 0.16, 0.08),
    Material('conifer', Cover.TREES, (0.10, 0.20, 0.11), -8.5, 0.16, 0.06),
    Material('tile roof', Cover.BUILDING, (0.60, 0.29, 0.19), -4.0, 0.14, 0.05),
    Material('brown roof', Cover.BUILDING, (0.43, 0.27, 0.20), -4.0, 0.14, 0.05),
    Material('slate roof', Cover.BUILDING, (0.31, 0.32, 0.36), -4.0, 0.14, 0.05),
    Material('gravel roof', Cover.BUILDING, (0.60, 0.58, 0.55), -5.0, 0.10, 0.05),
    Material('metal roof', Cover.BUILDING, (0.82, 0.83, 0.84), -6.0, 0.08, 0.03),
    Material('blue roof', Cover.BUILDING, (0.30, 0.42, 0.60), -6.0, 0.10, 0.03),
    # Objects for detection. What is of steel counts as a building: radar sees its walls.
    Material('concrete', Cover.ROAD, (0.50, 0.49, 0.46), -17.0, 0.08, 0.06),
    Material('clay', Cover.ROAD, (0.56, 0.27, 0.16), -16.0, 0.10, 0.04),
    Material('green court', Cover.ROAD, (0.16, 0.34, 0.22), -17.0, 0.10, 0.04),
    Material('blue court', Cover.ROAD, (0.16, 0.26, 0.46), -17.0, 0.10, 0.04),
    Material('tartan', Cover.ROAD, (0.52, 0.20, 0.14), -16.0, 0.08, 0.03),
    Material('line paint', Cover.ROAD, (0.80, 0.80, 0.78), -17.0, 0.05, 0.02),
    Material('turf', Cover.GRASS, (0.20, 0.42, 0.14), -14.0, 0.06, 0.04),
    Material('deck', Cover.BUILDING, (0.45, 0.40, 0.34), -1.0, 0.12, 0.04),
    Material('rust', Cover.BUILDING, (0.47, 0.36, 0.29), -3.0, 0.14, 0.05),
    Material('white paint', Cover.BUILDING, (0.88, 0.88, 0.86), -2.0, 0.06, 0.02),
    Material('silver paint', Cover.BUILDING, (0.58, 0.59, 0.61), -2.0, 0.12, 0.02),
    Material('black paint', Cover.BUILDING, (0.09, 0.09, 0.10), -2.0, 0.10, 0.02),
    Material('red paint', Cover.BUILDING, (0.50, 0.09, 0.08), -2.0, 0.10, 0.02),
    Material('blue paint', Cover.BUILDING, (0.10, 0.18, 0.42), -2.0, 0.10, 0.02),
    Material('glass', Cover.BUILDING, (0.05, 0.06, 0.08), -5.0, 0.05, 0.02),
)
INDEX: dict[str, int] = {material.name: index for index, material in enumerate(MATERIALS)}
ROOFS: tuple[int, ...] = tuple(index for index, item in enumerate(MATERIALS) if item.cover is Cover.BUILDING)
COVER = np.array([material.cover for material in MATERIALS], np.uint8)
RGB = np.array([material.rgb for material in MATERIALS], np.float32)
SIGMA0 = np.array([material.sigma0 for material in MATERIALS], np.float32)
VARY = np.array([material.vary for material in MATERIALS], np.float32)
MOTTLE = np.array([material.mottle for material in MATERIALS], np.float32)
ROWS = np.array([material.rows for material in MATERIALS], np.float32)
