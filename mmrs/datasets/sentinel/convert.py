"""Writes Sentinel products as GeoTIFFs of map cells, the input of ``mmrs data build``."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from mmrs.datasets.layout import Problem
from mmrs.datasets.pretraining.cluster import workers
from mmrs.datasets.problems import refuse
from mmrs.datasets.sentinel.grid import Cell
from mmrs.datasets.sentinel.optical import BANDS, UNKNOWN, clouds, reflectance
from mmrs.datasets.sentinel.plan import Grid, Job, cached_optical, cached_radar, plan, read_products
from mmrs.datasets.sentinel.radar import POLARISATIONS, backscatter
from mmrs.errors import DataError, RasterError
from mmrs.geo.gdal import gdal_env, replacing
from mmrs.geo.grid import flush_windows

SENSOR = 'sentinel'
FOLDERS = {'optical': 'S2', 'sar': 'S1', 'cloud': 'CLOUD'}
BLOCK, SAR_BLOCK = 512, 1024
Progress = Callable[[str, int, int], None]


@dataclass
class Report:
    """What was found and made.

    Attributes:
        optical: Sentinel-2 products that were used.
        sar: Sentinel-1 products.
        cells: Cells that they touch, once for each acquisition.
        outcomes: How many cells were ``written``, ``kept`` from an earlier run, ``empty``, or ``without_sar``.
        bad: What could not be used.
    """

    optical: int = 0
    sar: int = 0
    cells: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    bad: list[Problem] = field(default_factory=list)


def convert(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    grid: Grid,
    processes: int | None = None,
    scheduler: str | None = None,
    max_bad: int = 0,
    dry_run: bool = False,
    progress: Progress = lambda what, done, total: None,
) -> Report:
    """Brings the Sentinel-2 L2A and Sentinel-1 GRD products of a folder to one grid.

    Where both are there, a cell is written for every optical acquisition, with the radar pass that is nearest in time;
    cells of which either has no pixel are left out. Files that are there already are kept.

    Args:
        source: Folder of zips and ``NAME.SAFE`` folders, or one product.
        out: Folder; ``sentinel/{S2,S1,CLOUD}`` are made in it.
        grid: What they are brought to.
        processes: As for :func:`mmrs.datasets.pretraining.build.build`.
        scheduler: Likewise.
        max_bad: Products that may be unusable.
        dry_run: Only read the metadata.
        progress: Called with what is being done, how much of it is done, and all of it.

    Raises:
        ConfigError: If an option is wrong.
        DataError: If there is no product, or too many are unusable.
        RasterError: If a file cannot be written.
    """
    grid.check()
    products = read_products(source)
    refuse(products.bad, max_bad, '--max-bad')
    jobs, lacking = plan(products, grid, Path(out).absolute() / SENSOR)
    counts = Counter(written=0, kept=0, empty=0, without_sar=lacking)
    report = Report(len(products.optical), len(products.sar), len(jobs) + lacking, dict(counts), products.bad)
    if dry_run:
        return report
    with workers(processes, scheduler) as run:
        for done, (outcome, problem) in enumerate(run(write_cell, jobs), 1):
            counts[outcome] += 1
            if problem is not None:
                report.bad.append(problem)
                refuse(report.bad, max_bad, '--max-bad')
            progress('writing', done, len(jobs))
    report.outcomes = dict(counts)
    return report


def write_cell(job: Job) -> tuple[str, Problem | None]:
    """Writes the files of one cell, all or none.

    Args:
        job: What to write.

    Returns:
        What became of it, and what is wrong if an image cannot be read.

    Raises:
        RasterError: If a file cannot be written.
    """
    roles = [*(['sar'] if job.sar else []), *(['optical', 'cloud'] if job.optical else [])]
    paths = {role: job.folder / FOLDERS[role] / f'{job.name}.tif' for role in roles}
    if all(path.is_file() for path in paths.values()):
        return 'kept', None
    try:
        with ExitStack() as stack:
            places = {role: stack.enter_context(replacing(path)) for role, path in paths.items()}
            if job.sar:
                _write_sar(places['sar'], job)
            if job.optical:
                _write_optical(places['optical'], places['cloud'], job)
    except _Empty:
        return 'empty', None
    except (DataError, RasterError) as error:
        if Path(error.subject).is_relative_to(job.folder):
            raise  # it cannot be written
        return 'unreadable', Problem('unreadable', error.subject, str(error))
    return 'written', None


class _Empty(Exception):
    """A cell of which a product has no pixel."""


def _write_sar(path: Path, job: Job) -> None:
    products = [cached_radar(each) for each in job.sar]
    found = False
    tags = dict(START_TIME=f'{products[0].time:%Y-%m-%dT%H:%M:%SZ}', SENSOR='sentinel1-grd', UNIT='sigma0 in dB')
    with _target(path, job.cell, POLARISATIONS, 'float32', float('nan'), tags) as target:
        side = min(SAR_BLOCK, job.cell.size)
        for window in flush_windows(job.cell.size, job.cell.size, side, side):
            data = backscatter(products, job.cell, window)
            found = found or bool(np.isfinite(data).any())
            target.write(data, window=window)
    if not found:
        raise _Empty


def _write_optical(path: Path, cloud_path: Path, job: Job) -> None:
    products = [cached_optical(each) for each in job.optical]
    tags = dict(START_TIME=f'{products[0].time:%Y-%m-%dT%H:%M:%SZ}', SENSOR='sentinel2-l2a', UNIT='reflectance x 10000')
    with _target(path, job.cell, BANDS, 'uint16', 0, tags) as target:
        for number, band in enumerate(reflectance(products, job.cell), 1):
            if number == 1 and not band.any():
                raise _Empty
            target.write(band, number)
    with _target(cloud_path, job.cell, ('cloud',), 'uint8', UNKNOWN, tags) as target:
        target.write(clouds(products, job.cell), 1)


@contextmanager
def _target(
    path: Path, cell: Cell, names: tuple[str, ...], dtype: str, nodata: float, tags: dict[str, str]
) -> Iterator[Any]:
    """A GeoTIFF of a cell."""
    profile: dict[str, Any] = dict(
        driver='GTiff', count=len(names), height=cell.size, width=cell.size, dtype=dtype, nodata=nodata, crs=cell.crs,
        transform=cell.transform, compress='deflate', predictor=3 if dtype == 'float32' else 2, interleave='band',
    )  # fmt: skip
    if cell.size > BLOCK:
        profile |= dict(tiled=True, blockxsize=BLOCK, blockysize=BLOCK)
    with gdal_env(GDAL_NUM_THREADS=1), rasterio.open(path, 'w', **profile) as target:
        target.descriptions = names
        target.update_tags(**tags)
        yield target
