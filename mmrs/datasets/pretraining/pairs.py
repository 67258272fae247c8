"""Finds the scenes to build from, and refuses those that are no pair before any work starts."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from affine import Affine

from mmrs.datasets.pretraining.options import MODALITIES, BuildOptions
from mmrs.datasets.pretraining.times import acquisition_time
from mmrs.errors import DataError, MmrsError
from mmrs.geo.pair import WarpedScene, relation
from mmrs.geo.scene import RASTER_SUFFIXES, GeoreferenceWarning, Scene


@dataclass(frozen=True)
class Bad:
    """A scene that gives no patches.

    Attributes:
        scene: Its name.
        kind: ``unpaired``, ``ambiguous``, ``unreadable``, ``mismatch``, ``small`` or ``nodata``.
        text: What is wrong.
    """

    scene: str
    kind: str
    text: str


@dataclass(frozen=True)
class Pair:
    """Files of one scene.

    Attributes:
        sensor: Name of the sensor.
        name: The files' name without suffix.
        optical: Optical raster.
        sar: SAR raster.
        cloud: Cloud mask, or None.
    """

    sensor: str
    name: str
    optical: Path
    sar: Path
    cloud: Path | None = None

    def path(self, modality: str) -> Path:
        """File of a modality."""
        return self.optical if modality == 'optical' else self.sar

    @property
    def files(self) -> list[Path]:
        """All files."""
        return [self.optical, self.sar, *([] if self.cloud is None else [self.cloud])]

    @property
    def label(self) -> str:
        """How messages call it."""
        return f'{self.sensor}/{self.name}'

    def identity(self) -> str:
        """Changes when a file does."""
        stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in self.files]
        return blake2b(repr((self.sensor, stats)).encode(), digest_size=12).hexdigest()


@dataclass(frozen=True)
class PlannedScene:
    """A pair that was checked.

    Attributes:
        pair: Its files.
        identity: Of the files.
        height: Rows of the grid.
        width: Columns.
        block_width: Columns that the files store together.
        crs: As text that rasterio reads; None without one.
        transform: From (column, row) to map coordinates.
        gsd: Mean ground sampling distance in metres, None without CRS.
        warped: Whether the other modality is warped to the grid.
        overlap: Share of the grid that the other modality covers.
        zero_missing: By modality, whether 0 is taken for missing because the file says nothing about it.
        times: Acquisition by modality, None where unknown.
        bytes: Size of the files.
    """

    pair: Pair
    identity: str
    height: int
    width: int
    block_width: int
    crs: str | None
    transform: Affine
    gsd: float | None
    warped: bool
    overlap: float
    zero_missing: dict[str, bool]
    times: dict[str, datetime | None]
    bytes: int


@dataclass
class Archive:
    """What a folder of raw scenes holds.

    Attributes:
        scenes: Pairs that can be used, by sensor and name.
        bad: The others.
    """

    scenes: list[PlannedScene] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)


def find_pairs(
    source: str | os.PathLike[str],
    optical: str = 'RGB',
    sar: str = 'SAR',
    sensor: str | None = None,
    cloud: str = 'CLOUD',
) -> tuple[list[Pair], list[Bad]]:
    """Pairs optical and SAR files by name, in the layout of raw MaRS data: ``<sensor>/{RGB,SAR}/*.tif``.

    Args:
        source: Folder of sensors, or of one sensor.
        optical: Folder of the optical files in that of a sensor.
        sar: Folder of the SAR files.
        sensor: Name of the sensor; None takes the folder's.
        cloud: Folder of cloud masks, where there are some: 1 is cloud, 0 is none, anything else is not known.

    Returns:
        Pairs, and files without a partner.

    Raises:
        DataError: If no folder holds both.
    """
    root = Path(source).resolve()
    candidates = [root, *sorted(path for path in root.iterdir() if path.is_dir())] if root.is_dir() else []
    folders = [path for path in candidates if (path / optical).is_dir() and (path / sar).is_dir()]
    if not folders:
        found = 'no such folder' if not root.is_dir() else f'no folder with {optical} and {sar} in it'
        expected = f'{optical}/*.tif and {sar}/*.tif, there or in one folder a sensor'
        raise DataError(root, found, expected, 'Name the folders: --optical-folder and --sar-folder.')
    pairs: list[Pair] = []
    bad: list[Bad] = []
    for folder in folders:
        name = sensor or folder.name
        files = {modality: _by_name(folder / part) for modality, part in zip(MODALITIES, (optical, sar), strict=True)}
        clouds = _by_name(folder / cloud) if (folder / cloud).is_dir() else {}
        for key in sorted(set(files['optical']) | set(files['sar'])):
            named = {modality: files[modality].get(key, []) for modality in MODALITIES}
            if all(len(paths) == 1 for paths in named.values()):
                pairs.append(Pair(name, key, named['optical'][0], named['sar'][0], clouds.get(key, [None])[0]))
                continue
            bad.append(_not_a_pair(f'{name}/{key}', named))
    return pairs, bad


def _by_name(folder: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in RASTER_SUFFIXES and not path.name.startswith('.'):
            found.setdefault(path.stem, []).append(path)
    return found


def _not_a_pair(label: str, found: dict[str, list[Path]]) -> Bad:
    for modality, paths in found.items():
        if len(paths) > 1:
            return Bad(label, 'ambiguous', f'{len(paths)} {modality} files of this name: {paths[0]}, {paths[1]}')
    (here,) = (paths[0] for paths in found.values() if paths)
    missing = next(modality for modality, paths in found.items() if not paths)
    return Bad(label, 'unpaired', f'{here} has no {missing} file of its name')


def check_pairs(
    pairs: Sequence[Pair],
    options: BuildOptions,
    progress: Callable[[int, int], None] = lambda done, total: None,
    threads: int = 8,
) -> Archive:
    """Opens every pair and keeps those of which patches can be cut; reads no pixels.

    Args:
        pairs: From :func:`find_pairs`.
        options: Of the build.
        progress: Called with the number of pairs opened and of all.
        threads: Pairs opened at once.
    """
    archive = Archive()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        outcomes = pool.map(lambda pair: _checked(pair, options), pairs)
        for number, outcome in enumerate(outcomes, 1):
            progress(number, len(pairs))
            if isinstance(outcome, Bad):
                archive.bad.append(outcome)
            else:
                archive.scenes.append(outcome)
    return archive


def _checked(pair: Pair, options: BuildOptions) -> PlannedScene | Bad:
    first = options.grid
    second = 'optical' if first == 'sar' else 'sar'
    try:
        with (
            closing(open_scene(pair.path(first), options.bands(first))) as scene,
            closing(open_scene(pair.path(second), options.bands(second))) as other,
        ):
            warped, overlap = _quiet_relation(scene, pair.path(second))
            if pair.cloud is not None:
                _quiet_relation(scene, pair.cloud)  # raises where it shows another place
            if options.small == 'refuse' and min(scene.height, scene.width) < options.tile:
                text = f'{scene.path}: {scene.height} x {scene.width} pixels, smaller than a tile of {options.tile}'
                return Bad(pair.label, 'small', f'{text}; --small mirror takes it')
            return PlannedScene(
                pair=pair,
                identity=pair.identity(),
                height=scene.height,
                width=scene.width,
                block_width=max(scene.block_shape[1], 1 if warped else other.block_shape[1]),
                crs=None if scene.crs is None else scene.crs.to_string(),
                transform=scene.transform,
                gsd=None if scene.gsd is None else sum(scene.gsd) / 2,
                warped=warped,
                overlap=overlap,
                zero_missing={first: says_nothing(scene), second: says_nothing(other)},
                times={modality: acquisition_time(pair.path(modality)) for modality in MODALITIES},
                bytes=sum(path.stat().st_size for path in pair.files),
            )
    except MmrsError as error:
        kind = 'unreadable' if 'does not open' in error.found or 'empty file' in error.found else 'mismatch'
        return Bad(pair.label, kind, str(error))


def _quiet_relation(scene: Scene, other: Path) -> tuple[bool, float]:
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', GeoreferenceWarning)
        return relation(scene, other)


def open_scene(path: Path, bands: Sequence[int] | None, like: Scene | None = None) -> Scene:
    """Opens a raster for one thread of decoding.

    Args:
        path: The raster.
        bands: 1-based bands; None takes all.
        like: Scene whose grid it takes; None keeps its own.

    Raises:
        RasterError: If it cannot be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', GeoreferenceWarning)  # a pair without CRS is split by scene
        return Scene(path, bands, threads=1) if like is None else WarpedScene(path, like, bands)


def says_nothing(scene: Scene) -> bool:
    """Whether a file tells nothing about missing pixels, so that 0 stands for them as in raw MaRS data.

    Args:
        scene: The opened raster, on its own grid.
    """
    return all(value is None for value in scene.nodata) and not any(scene.masked)
