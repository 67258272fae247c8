"""What mapping a scene will do: options, tiles, files, memory, and the key that tells one run from another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import torch

from mmrs.apis.scene_model import SceneModel
from mmrs.errors import ConfigError, RasterError
from mmrs.geo.blend import WINDOWS
from mmrs.geo.gdal import CACHE_MEGABYTES
from mmrs.geo.grid import TileGrid
from mmrs.geo.pair import ScenePair
from mmrs.geo.scene import Scene
from mmrs.geo.vector_file import check_vector
from mmrs.version import __version__

PROBABILITIES = ('percent', 'float32')
POLYGONS = ('gpkg', 'geojson')
READ_AHEAD = 3  # batches


@dataclass(frozen=True)
class MapOptions:
    """How a scene is mapped and what is written.

    Args:
        tile: Tile size in pixels; None takes the model's.
        overlap: Overlap of neighbouring tiles in pixels, at least 0; None takes the model's.
        batch_size: Tiles that go through the network at once; None takes the model's.
        blend: Window that weighs overlapping tiles: 'cosine' or 'gaussian'.
        after: Path of the later scene, for a model that compares two dates.
        bands: 1-based bands of the scene to use, in the order of the model's training; None takes the model's.
        nodata: Value of missing pixels, instead of what the scene declares.
        probabilities: Also write the probability of each class: 'percent' (uint8) or 'float32'.
        polygons: Also write one polygon for each connected area of a class: 'gpkg' or 'geojson'.
        quicklook: Write a picture with legend and scale bar.
        resume: Go on from the rows that an interrupted run of the same settings has finished.
        overwrite: Replace outputs of another run.
    """

    tile: int | None = None
    overlap: int | None = None
    batch_size: int | None = None
    blend: str = 'cosine'
    after: str | os.PathLike[str] | None = None
    bands: Sequence[int] | None = None
    nodata: float | None = None
    probabilities: str | None = None
    polygons: str | None = None
    quicklook: bool = True
    resume: bool = True
    overwrite: bool = False


@dataclass(frozen=True)
class MapPlan:
    """Everything that is settled before the first tile runs.

    Attributes:
        scene: The opened scene, with the model's bands selected.
        grid: Tiles over it.
        tile: Tile size in pixels.
        batch_size: Tiles a batch.
        settings: Options that change the pixels of the result, defaults filled in.
        outputs: Final path of each output by kind: classes, probabilities, polygons, quicklook, sidecar.
        folder: Working folder, beside the outputs, until they are complete.
        key: Hash of scene, model and settings.
    """

    scene: Scene
    grid: TileGrid
    tile: int
    batch_size: int
    settings: dict[str, Any]
    outputs: dict[str, Path]
    folder: Path
    key: str

    @property
    def nodata(self) -> int:
        """Value of the class map where the scene holds nothing."""
        return 255 if self.dtype == 'uint8' else 65535

    @property
    def dtype(self) -> str:
        """Dtype of the class map."""
        return 'uint8' if self.settings['classes'] <= 254 else 'uint16'

    def memory(self) -> int:
        """Bytes that mapping needs beside the network: one row of tiles, never the scene."""
        channels, classes = len(self.scene.bands), self.settings['classes']
        width = self.grid.width
        rows = 2 * channels * self.grid.tile_height * width * self.scene.dtype.itemsize
        overlap = self.tile - min(np.diff(self.grid.row_starts), default=self.tile)
        carry = 3 * 4 * classes * int(overlap) * width
        batch = 4 * self.tile**2 * self.batch_size * (3 * classes + channels * (READ_AHEAD + 1))
        blocks = 4 * 4 * classes * self.tile**2
        row_outputs = (
            3 * self.tile * width * (1 + classes * {'percent': 1, 'float32': 4}.get(self.settings['probabilities'], 0))
        )
        return rows + carry + batch + blocks + row_outputs + CACHE_MEGABYTES * 2**20


def tell_resume(plan: MapPlan, done: int, discarded: bool, resume: bool, notify: Callable[[str], None]) -> None:
    """Says where a run goes on, or why what an interrupted one left was discarded.

    Args:
        plan: The run.
        done: Rows of tiles that are finished.
        discarded: Whether something was left that could not be used.
        resume: Whether it would have been used.
        notify: Takes the sentence.
    """
    if done:
        notify(f'{plan.scene.path}: going on at row {done + 1} of {plan.grid.shape[0]} rows of tiles')
    elif discarded:
        reason = 'scene, model or settings have changed since' if resume else 'as asked'
        notify(f'{plan.scene.path}: an interrupted run was discarded ({reason}); starting anew')


def plan_map(
    model: SceneModel, scene: str | os.PathLike[str], output_dir: str | os.PathLike[str], options: MapOptions
) -> MapPlan:
    """Settles tiles, bands and files of a run; writes nothing.

    Args:
        model: The model.
        scene: Path of the raster; the caller closes ``plan.scene``.
        output_dir: Folder of the outputs.
        options: What is asked for.

    Raises:
        ConfigError: If an option cannot be used.
        RasterError: If the scene cannot be opened, has other bands than the model, or lacks a CRS that an output needs.
    """
    settings = _settings(model, options)
    opened = _open(scene, model, options)
    grid = TileGrid(opened.height, opened.width, settings['tile'], settings['overlap'])
    stem, folder, kind = Path(scene).stem, Path(output_dir), 'classes'
    if options.after is not None:
        stem, kind = f'{stem}_{Path(options.after).stem}', 'change'
    outputs = {'classes': folder / f'{stem}_{kind}.tif', 'sidecar': folder / f'{stem}.json'}
    if options.probabilities:
        outputs['probabilities'] = folder / f'{stem}_probabilities.tif'
    if options.polygons:
        outputs['polygons'] = folder / f'{stem}_polygons.{options.polygons}'
        check_vector(outputs['polygons'], opened.crs)
    if options.quicklook:
        outputs['quicklook'] = folder / f'{stem}_quicklook.png'
    settings['bands'] = list(opened.bands)
    return MapPlan(
        scene=opened,
        grid=grid,
        tile=settings['tile'],
        batch_size=settings['batch_size'],
        settings=settings,
        outputs=outputs,
        folder=folder / f'.{stem}.partial',
        key=run_key([scene, *([options.after] if options.after else [])], model, settings),
    )


def _settings(model: SceneModel, options: MapOptions) -> dict[str, Any]:
    tile = model.tile if options.tile is None else options.tile
    overlap = options.overlap
    if overlap is None:
        overlap = model.overlap if tile == model.tile else tile // 4
    batch_size = model.batch_size if options.batch_size is None else options.batch_size
    _require(tile >= 1, 'tile', tile, 'at least 1 pixel')
    _require(0 <= overlap < tile, 'overlap', overlap, f'0 to {tile - 1} pixels, less than the tile')
    _require(batch_size >= 1, 'batch size', batch_size, 'at least 1')
    _require(options.blend in WINDOWS, 'blend', options.blend, f'one of {", ".join(WINDOWS)}')
    _require(options.probabilities in (None, *PROBABILITIES), 'probabilities', options.probabilities, PROBABILITIES)
    _require(options.polygons in (None, *POLYGONS), 'polygons', options.polygons, f'one of {", ".join(POLYGONS)}')
    return {
        'tile': tile,
        'overlap': overlap,
        'batch_size': batch_size,
        'blend': options.blend,
        'nodata': options.nodata,
        'probabilities': options.probabilities,
        'classes': model.num_classes,
        'autocast': None if model.autocast is None else str(model.autocast).removeprefix('torch.'),
        'device': torch.device(model.device).type,
    }


def _require(condition: bool, name: str, found: Any, expected: Any) -> None:
    if not condition:
        raise ConfigError(name, str(found), str(expected), 'Choose another value.')


def _open(path: str | os.PathLike[str], model: SceneModel, options: MapOptions) -> Scene:
    bands = options.bands or model.bands
    if (options.after is None) != (model.dates == 1):
        found, expected = ('one scene', 'two dates') if options.after is None else ('two scenes', 'one date')
        fix = 'Give the later scene: --after FILE.' if options.after is None else 'Leave --after out.'
        raise ConfigError('after', found, f'{expected}, as the model looks at', fix)
    scene = Scene(path, bands, options.nodata) if options.after is None else _open_pair(path, bands, options)
    if len(scene.bands) != model.channels:
        scene.close()
        count, wanted = (number // model.dates for number in (len(scene.bands), model.channels))
        found = f'{count} band(s){" chosen" if bands else ""}'
        fix = f'Choose the {wanted} bands that the model was trained on, in its order: --bands N,N,...'
        raise RasterError(path, found, f'{wanted} bands, as the model takes', fix)
    return scene


def _open_pair(path: str | os.PathLike[str], bands: Sequence[int] | None, options: MapOptions) -> ScenePair:
    assert options.after is not None
    if Path(path).exists() and Path(options.after).exists() and os.path.samefile(path, options.after):
        raise RasterError(options.after, 'the earlier scene itself', 'another scene', 'Name the later one.')
    return ScenePair(path, options.after, bands, options.nodata)


def run_key(paths: Sequence[str | os.PathLike[str]], model: SceneModel, settings: dict[str, Any]) -> str:
    """Hash of scenes, model and settings, which tells one run from another.

    Args:
        paths: The rasters.
        model: The model.
        settings: What changes the result.
    """
    files: list[str] = []
    for path in paths:
        with rasterio.open(path) as dataset:
            files += sorted(file for file in dataset.files if os.path.isfile(file))
    found: list[Any] = [(os.path.abspath(file), os.stat(file).st_size, os.stat(file).st_mtime_ns) for file in files]
    record = {
        'sources': found or [os.fspath(path) for path in paths],
        'model': model.identity,
        'normalisation': [list(model.mean), list(model.std), model.reverse_bands, model.threshold],
        'settings': settings,
        'versions': [__version__, torch.__version__],
    }
    return hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()


def _describe_pair(scene: Scene) -> list[str]:
    if not isinstance(scene, ScenePair):
        return []
    how = 'warped to its grid' if scene.aligned else 'on the same grid'
    return [f'  compared with {scene.after.path}, {how}, which covers {scene.overlap:.0%} of it']


def describe(plan: MapPlan, options: MapOptions) -> str:
    """What a run would do, for people.

    Args:
        plan: The run.
        options: Its options.
    """
    rows, columns = plan.grid.shape
    scene = plan.scene
    lines = [
        f'{scene.path}: {scene.width} x {scene.height} pixels, bands {", ".join(map(str, scene.bands))}, {scene.dtype}',
        *_describe_pair(scene),
        f'  {rows * columns} tiles ({rows} rows of {columns}), {plan.tile} pixels, overlap {plan.settings["overlap"]}, '
        f'batches of {plan.batch_size}',
        f'  memory beside the network: about {plan.memory() / 2**20:.0f} MiB',
        *(f'  would write {path}{" (exists)" if path.exists() else ""}' for path in plan.outputs.values()),
    ]
    if (plan.folder / 'classes' / 'journal.json').is_file():
        lines.append(
            f'  {plan.folder} holds an interrupted run{"" if options.resume else ", which would be discarded"}'
        )
    return '\n'.join(lines)
