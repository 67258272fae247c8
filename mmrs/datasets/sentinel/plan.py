"""Which products make which files: dates side by side, neighbours together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import shapely

from mmrs.datasets.layout import Problem
from mmrs.datasets.sentinel.grid import WEB_MERCATOR, Cell, cells_touched, utm_crs
from mmrs.datasets.sentinel.optical import OpticalProduct, read_optical
from mmrs.datasets.sentinel.product import find_products, open_product
from mmrs.datasets.sentinel.radar import RadarProduct, read_radar
from mmrs.errors import ConfigError, MmrsError

PASS = timedelta(minutes=5)  # between slices of one radar pass, at most
PROJECTIONS = ('utm', 'web-mercator')


@dataclass(frozen=True)
class Grid:
    """What all products are brought to.

    Attributes:
        crs: ``'utm'`` (the zone of the optical product, or of the middle of the radar image) or ``'web-mercator'``.
        gsd: Side of a pixel in metres; in web mercator the map level that comes nearest at the equator.
        size: Side of a cell in pixels.
        max_days: Between the optical and the radar image of a pair, at most.
    """

    crs: str = 'utm'
    gsd: float = 10.0
    size: int = 4096
    max_days: float = 15.0

    def check(self) -> None:
        """Refuses what cannot be made.

        Raises:
            ConfigError: Naming the option.
        """
        rules = [
            ('--crs', self.crs, self.crs in PROJECTIONS, ' or '.join(PROJECTIONS)),
            ('--gsd', self.gsd, 1 <= self.gsd <= 1000, '1 to 1,000 m'),
            ('--size', self.size, 64 <= self.size <= 16384, '64 to 16,384 pixels'),
            ('--max-days', self.max_days, 0 <= self.max_days, '0 days or more'),
        ]
        for name, value, good, expected in rules:
            if not good:
                raise ConfigError(name, str(value), expected, 'Choose one of these.')

    def crs_of(self, zone: str) -> str:
        """Coordinate reference system of products.

        Args:
            zone: Their UTM zone.
        """
        return WEB_MERCATOR if self.crs == 'web-mercator' else zone


@dataclass(frozen=True)
class Job:
    """Files to write of one cell.

    Attributes:
        name: Of the files, without suffix.
        cell: Where.
        optical: Products of one optical acquisition, or none.
        sar: Slices of one radar pass, or none.
        folder: Folder of the files' folders.
    """

    name: str
    cell: Cell
    optical: tuple[Path, ...]
    sar: tuple[Path, ...]
    folder: Path


@dataclass
class Products:
    """What a folder holds.

    Attributes:
        optical: Usable products.
        sar: Likewise.
        bad: The others.
    """

    optical: list[OpticalProduct] = field(default_factory=list)
    sar: list[RadarProduct] = field(default_factory=list)
    bad: list[Problem] = field(default_factory=list)


cached_optical = lru_cache(maxsize=16)(read_optical)
cached_radar = lru_cache(maxsize=16)(read_radar)


def read_products(source: str | os.PathLike[str]) -> Products:
    """Reads the metadata of all products in a folder.

    Args:
        source: Folder, or one product.

    Raises:
        DataError: If there is none.
    """
    found = Products()
    for path in find_products(source):
        try:
            if open_product(path).kind == 'optical':
                found.optical.append(read_optical(path))
            else:
                found.sar.append(read_radar(path))
        except MmrsError as error:
            found.bad.append(Problem('product', str(path), str(error)))
    return found


def plan(products: Products, grid: Grid, folder: Path) -> tuple[list[Job], int]:
    """Files to write.

    Args:
        products: From :func:`read_products`.
        grid: What they are brought to.
        folder: Folder of the files' folders.

    Returns:
        Jobs, and the number of cells that have no radar image near enough in time although there are some at all.
    """
    jobs, lacking = [], 0
    outlines = [(product, _outline(product)) for product in products.sar]
    for group in _acquisitions(products.optical) if products.optical else _passes(products.sar):
        for cell in _cells(group, grid):
            name = f'{cell.name}_{group[0].time:%Y%m%dT%H%M%S}'
            paths = tuple(product.product.path for product in group)
            if not products.optical:
                jobs.append(Job(name, cell, (), paths, folder))
                continue
            radar = _nearest(outlines, cell, group[0].time, grid.max_days)
            lacking += bool(products.sar) and not radar
            if radar or not products.sar:
                jobs.append(Job(name, cell, paths, radar, folder))
    return jobs, lacking


def _acquisitions(products: Sequence[OpticalProduct]) -> Iterator[list[OpticalProduct]]:
    """Tiles that one satellite took in one go, by zone."""
    groups: dict[tuple[datetime, str, str], list[OpticalProduct]] = {}
    for product in products:
        groups.setdefault((product.time, product.platform, product.crs), []).append(product)
    for key in sorted(groups):
        yield groups[key]


def _passes(products: Sequence[RadarProduct]) -> Iterator[list[RadarProduct]]:
    """Slices that follow each other."""
    group: list[RadarProduct] = []
    for product in sorted(products, key=lambda product: (product.time, str(product.product.path))):
        if group and product.time - group[-1].time > PASS:
            yield group
            group = []
        group.append(product)
    if group:
        yield group


def _cells(group: Sequence[OpticalProduct] | Sequence[RadarProduct], grid: Grid) -> list[Cell]:
    first = group[0]
    longitudes: list[float] = []
    latitudes: list[float] = []
    for product in group:
        points = product.corners if isinstance(product, OpticalProduct) else _places(product)
        longitudes += points[0]
        latitudes += points[1]
    middle = float(np.mean(longitudes)), float(np.mean(latitudes))
    zone = first.crs if isinstance(first, OpticalProduct) else utm_crs(*middle)
    return cells_touched(longitudes, latitudes, grid.crs_of(zone), grid.gsd, grid.size)


def _places(product: RadarProduct) -> tuple[list[float], list[float]]:
    return product.points.longitudes.tolist(), product.points.latitudes.tolist()


def _outline(product: RadarProduct) -> shapely.Polygon:
    return shapely.MultiPoint(np.column_stack(_places(product))).convex_hull


def _nearest(
    outlines: Sequence[tuple[RadarProduct, shapely.Polygon]], cell: Cell, time: datetime, max_days: float
) -> tuple[Path, ...]:
    """Slices of the radar pass that is nearest in time among those that touch a cell."""
    longitudes, latitudes = cell.outline()
    near = []
    for product, outline in outlines:
        middle = outline.centroid.x
        square = shapely.Polygon(np.column_stack([(longitudes - middle + 180) % 360 - 180 + middle, latitudes]))
        if abs(product.time - time) <= timedelta(days=max_days) and square.intersects(outline):
            near.append(product)
    near.sort(key=lambda product: (abs(product.time - time), str(product.product.path)))
    return tuple(product.product.path for product in near if abs(product.time - near[0].time) <= PASS)
