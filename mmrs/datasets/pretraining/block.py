"""The work of one task: reads a group of tiles of a pair, describes and writes its patches."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio.warp
from numpy.typing import NDArray
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

from mmrs.datasets.pretraining.options import MODALITIES, BuildOptions
from mmrs.datasets.pretraining.pairs import Bad, PlannedScene, open_scene
from mmrs.datasets.pretraining.patches import BandStatistics, band_statistics, difference_hash, present_samples
from mmrs.datasets.pretraining.records import write_record
from mmrs.datasets.pretraining.split import Block, blocks_touched, split_of
from mmrs.datasets.pretraining.tiles import Tile, extent
from mmrs.datasets.pretraining.writers import arriving, encode_tif, patch_key, patch_path, sync_files
from mmrs.errors import RasterError
from mmrs.geo.georeference import apply
from mmrs.geo.pair import WarpedScene
from mmrs.geo.scene import Scene

Footprint = list[tuple[float, float]]
THREAD_IO = Path('/proc/thread-self/io')


@dataclass(frozen=True)
class Job:
    """What a worker is sent.

    Attributes:
        scene: The pair.
        tiles: A group from :func:`mmrs.datasets.pretraining.tiles.plan_tiles`.
        options: Of the build, with ``block`` set.
        root: Folder that patches are written below.
        record: File that says what became of the tiles.
        spare: Folder of half-written files.
    """

    scene: PlannedScene
    tiles: tuple[Tile, ...]
    options: BuildOptions
    root: Path
    record: Path
    spare: Path


@dataclass(frozen=True)
class Outcome:
    """What a worker sends back.

    Attributes:
        read: Bytes read from the scenes, 0 where the system does not say.
        bad: Why nothing was written, or None.
    """

    read: int
    bad: Bad | None = None


@dataclass(frozen=True)
class Samples:
    """Pixels of one modality.

    Attributes:
        data: (bands, rows, columns).
        present: Likewise, True where a sample is there.
        nodata: What marks missing samples, if all bands agree.
        names: Of the bands.
    """

    data: NDArray[Any]
    present: NDArray[np.bool_]
    nodata: float | None
    names: tuple[str, ...]


def build_block(job: Job) -> Outcome:
    """Makes the patches of a job; its record is written last, so that a job that was stopped is done again.

    Args:
        job: What to do.

    Raises:
        RasterError: If a patch cannot be written; a scene that cannot be read is told in the outcome.
    """
    footprints = _footprints(job)  # first: what PROJ reads once a process is not the scene's
    before = _bytes_read()
    try:
        window, samples, clouds = _read(job)
    except RasterError as error:
        return Outcome(_bytes_read() - before, Bad(job.scene.pair.label, 'unreadable', str(error)))
    read = _bytes_read() - before
    write_record(job.record, job.spare, _rows(job, window, samples, clouds, footprints))
    return Outcome(read)


def _read(job: Job) -> tuple[Window, dict[str, Samples], NDArray[np.uint8] | None]:
    first = job.options.grid
    second = next(modality for modality in MODALITIES if modality != first)
    pair, options = job.scene.pair, job.options
    with closing(open_scene(pair.path(first), options.bands(first))) as scene:
        like = scene if job.scene.warped else None
        with closing(open_scene(pair.path(second), options.bands(second), like)) as other:
            window = extent(job.tiles, options.tile, scene.height, scene.width)
            samples = {
                modality: _samples(opened, window, modality, job.scene.zero_missing[modality])
                for modality, opened in ((first, scene), (second, other))
            }
        clouds = None if pair.cloud is None else _read_clouds(pair.cloud, scene, window)
    return window, samples, clouds


def _read_clouds(path: Path, scene: Scene, window: Window) -> NDArray[np.uint8]:
    """A cloud mask on the grid of the patches; 255 beyond it."""
    with closing(open_scene(path, (1,)) if scene.crs is None else WarpedScene(path, scene, (1,), 255)) as mask:
        return mask.read(window)[0]


def _samples(scene: Scene, window: Window, modality: str, zero: bool) -> Samples:
    data = scene.read(window)
    present = present_samples(data, scene.nodata, zero)
    if any(scene.masked):
        present &= scene.valid(window, data)
    if modality == 'optical':  # a zero in one band of a dark lake is a measurement
        present[:] = present.any(0)
    values = set(scene.nodata)
    return Samples(data, present, values.pop() if len(values) == 1 else None, scene.band_names)


def _rows(
    job: Job,
    window: Window,
    samples: Mapping[str, Samples],
    clouds: NDArray[np.uint8] | None,
    footprints: list[Footprint] | None,
) -> list[dict[str, Any]]:
    """Describes all tiles and writes those that are kept."""
    rows, written = [], []
    for index, tile in enumerate(job.tiles):
        cut = {modality: _cut(found, tile, window, job.options.tile) for modality, found in samples.items()}
        share = None if clouds is None else _cloud_share(clouds, tile, window, job.options.tile)
        row = _describe(job, tile, cut, share, None if footprints is None else footprints[index])
        if row['dropped'] is None:
            written += [_write(job, tile, row['split'], modality, found) for modality, found in cut.items()]
        rows.append(row)
    sync_files(written)
    return rows


def _write(job: Job, tile: Tile, split: str, modality: str, found: Samples) -> Path:
    path = job.root / patch_path(split, job.scene.pair, tile.number, modality)
    place = window_transform(Window(tile.left, tile.top, 1, 1), job.scene.transform)
    compress = job.options.compress
    with arriving(path, job.spare, sync=False) as file:
        file.write(encode_tif(found.data, job.scene.crs, place, found.nodata, found.names, compress))
    return path


def _cut(found: Samples, tile: Tile, window: Window, side: int) -> Samples:
    """One tile, mirrored beyond the edges of a smaller scene."""
    top, left = tile.top - window.row_off, tile.left - window.col_off
    part = np.s_[:, top : top + side, left : left + side]
    data, present = found.data[part], found.present[part]
    pad = ((0, 0), (0, side - data.shape[1]), (0, side - data.shape[2]))
    if any(after for _, after in pad):
        data, present = np.pad(data, pad, 'symmetric'), np.pad(present, pad, 'symmetric')
    return Samples(data, present, found.nodata, found.names)


def _cloud_share(clouds: NDArray[np.uint8], tile: Tile, window: Window, side: int) -> float | None:
    """Share of clouds in the classified pixels of a tile; None where there is none."""
    top, left = tile.top - window.row_off, tile.left - window.col_off
    part = clouds[top : top + side, left : left + side]
    known = np.count_nonzero(part <= 1)
    return np.count_nonzero(part == 1) / known if known else None


def _describe(
    job: Job, tile: Tile, cut: Mapping[str, Samples], cloud: float | None, footprint: Footprint | None
) -> dict[str, Any]:
    scene, options = job.scene, job.options
    missing = {modality: 1 - float(found.present.mean()) for modality, found in cut.items()}
    statistics = {modality: band_statistics(found.data, found.present) for modality, found in cut.items()}
    split = split_of(_blocks(scene, footprint, options), options.val_share, options.seed)
    inside = min(options.tile, scene.height) * min(options.tile, scene.width)
    row: dict[str, Any] = {
        'key': patch_key(scene.pair, tile.number),
        'sensor': scene.pair.sensor,
        'scene': scene.pair.name,
        'number': tile.number,
        'row': tile.top,
        'column': tile.left,
        'split': split,
        'dropped': _why_dropped(missing, statistics, cloud, split, options),
        'geometry': footprint,
        'crs': scene.crs,
        'gsd': scene.gsd,
        'mirrored': 1 - inside / options.tile**2,
        'cloud_share': cloud,
    }
    for modality, found in cut.items():
        numbers = statistics[modality]
        row |= {
            f'{modality}_time': scene.times[modality],
            f'{modality}_missing': missing[modality],
            f'{modality}_mean': numbers.mean,
            f'{modality}_std': numbers.std,
            f'{modality}_min': numbers.minimum,
            f'{modality}_max': numbers.maximum,
            f'{modality}_hash': difference_hash(np.where(found.present, found.data, 0)),
        }
    return row


def _why_dropped(
    missing: Mapping[str, float],
    statistics: Mapping[str, BandStatistics],
    cloud: float | None,
    split: str | None,
    options: BuildOptions,
) -> str | None:
    judged = MODALITIES if options.judged == 'both' else (options.judged,)
    if any(1 - missing[modality] < 1 - options.max_invalid for modality in judged):  # as published, to the last bit
        return 'missing'
    if any(numbers.constant for numbers in statistics.values()):
        return 'constant'
    if cloud is not None and cloud > options.max_cloud:
        return 'cloud'
    return 'border' if split is None else None


def _blocks(scene: PlannedScene, footprint: Footprint | None, options: BuildOptions) -> set[Block]:
    if footprint is None:  # nobody knows what ground it shows: the scene stays together
        return {scene.pair.label}
    assert options.block is not None
    longitudes, latitudes = zip(*footprint, strict=True)
    return blocks_touched(longitudes, latitudes, options.block)


def _footprints(job: Job) -> list[Footprint] | None:
    """Longitudes and latitudes of the corners of each tile, clockwise from the upper left; None without CRS."""
    scene, side = job.scene, job.options.tile
    if scene.crs is None:
        return None
    height, width = min(side, scene.height), min(side, scene.width)
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    points = [apply(scene.transform, tile.left + x, tile.top + y) for tile in job.tiles for x, y in corners]
    xs, ys = zip(*points, strict=True)
    with rasterio.Env():
        longitudes, latitudes = rasterio.warp.transform(scene.crs, 'OGC:CRS84', xs, ys)[:2]
    both = list(zip(longitudes, latitudes, strict=True))
    return [both[first : first + 4] for first in range(0, len(both), 4)]


def _bytes_read() -> int:
    """Bytes that this thread has read from files so far (Linux)."""
    try:
        return int(next(line for line in THREAD_IO.read_text().splitlines() if line.startswith('rchar')).split()[1])
    except (OSError, StopIteration):
        return 0
