"""Maps georeferenced scenes with a segmentation model: the call behind ``mmrs predict``."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mmrs.apis.map_outputs import is_kept, write_outputs
from mmrs.apis.map_plan import MapOptions, MapPlan, plan_map, tell_resume
from mmrs.apis.map_rows import RowsResult, map_rows
from mmrs.apis.progress_store import ProgressStore
from mmrs.apis.scene_model import SceneModel
from mmrs.errors import RasterError
from mmrs.geo.pair import ScenePair

__all__ = ['MapOptions', 'MapResult', 'map_scene']


@dataclass
class MapResult:
    """What mapping one scene left.

    Attributes:
        outputs: Path of each output by kind: classes, probabilities, polygons, quicklook, sidecar.
        shares: Share of each class in the valid pixels.
        tiles_run: Tiles that went through the network in this run.
        tiles_empty: Tiles without a valid pixel, left out.
        tiles_resumed: Tiles of rows that an interrupted run had finished.
        kept: Whether all outputs were there already, from a finished run of the same settings.
        seconds: Time of this run.
    """

    outputs: dict[str, Path]
    shares: dict[str, float] = field(default_factory=dict)
    tiles_run: int = 0
    tiles_empty: int = 0
    tiles_resumed: int = 0
    kept: bool = False
    seconds: float = 0.0


def map_scene(
    model: SceneModel,
    scene: str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    options: MapOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
    notify: Callable[[str], None] = lambda message: None,
) -> MapResult:
    """Maps one scene.

    Memory is bounded by a few rows of tiles, whatever the scene's height. Outputs appear under their names when they
    are complete; until then everything is in a hidden folder beside them, from which a later call with the same
    scene, model and settings goes on after a crash and reaches the same bytes.

    Args:
        model: The model, from :func:`mmrs.apis.model.load_model` or made around any network.
        scene: Path of the raster.
        output_dir: Folder of the outputs; made if it is missing.
        options: What is asked for.
        progress: Called with (tiles done, all tiles) at the start and after each batch.
        notify: Called with a line of text about what a user should know.

    Raises:
        RasterError: If the scene cannot be read or used, outputs of another run stand in the way, or writing fails.
        ConfigError: If an option cannot be used or the network does not fit the model's description.
    """
    options = options or MapOptions()
    began, started = time.perf_counter(), datetime.now(timezone.utc)
    plan = plan_map(model, scene, output_dir, options)
    with plan.scene:
        if not options.overwrite and is_kept(plan):
            notify(f'{plan.outputs["sidecar"]}: this map is complete already; kept')
            return MapResult(plan.outputs, kept=True)
        _notify_pair(plan, notify)
        store = _open_store(model, plan, options, notify)
        complete = False
        try:
            rows = map_rows(model, plan, store, progress)
            complete = not sum(rows.counts)  # an empty scene leaves nothing to go on from
            shares = _shares(model, plan, rows)
            run = {
                'started': started.isoformat(timespec='seconds'),
                'map_seconds': round(time.perf_counter() - began, 3),
                'tiles_run': rows.tiles_run,
                'tiles_empty': rows.tiles_empty,
                'tiles_resumed': rows.tiles_resumed,
            }
            write_outputs(model, plan, store, options, shares, run)
            complete = True
        finally:
            store.close(delete=complete)
    seconds = time.perf_counter() - began
    return MapResult(
        plan.outputs, shares, rows.tiles_run, rows.tiles_empty, rows.tiles_resumed, kept=False, seconds=seconds
    )


def _notify_pair(plan: MapPlan, notify: Callable[[str], None]) -> None:
    scene = plan.scene
    if isinstance(scene, ScenePair) and scene.aligned:
        rest = '' if scene.overlap > 0.999 else f', and covers {scene.overlap:.0%} of it; the rest is nodata'
        notify(f'{scene.after.path} is warped to the grid of {scene.path}{rest}')


def _open_store(model: SceneModel, plan: MapPlan, options: MapOptions, notify: Callable[[str], None]) -> ProgressStore:
    height, width = plan.grid.height, plan.grid.width
    spools: dict[str, tuple[int, int, int, Any]] = {'classes': (1, height, width, plan.dtype)}
    if options.probabilities:
        dtype = 'uint8' if options.probabilities == 'percent' else 'float32'
        spools['probabilities'] = (model.num_classes, height, width, dtype)
    store = ProgressStore(plan.folder, plan.key, spools, options.resume)
    tell_resume(plan, store.next_row, bool(store.discarded), options.resume, notify)
    return store


def _shares(model: SceneModel, plan: MapPlan, rows: RowsResult) -> dict[str, float]:
    total = sum(rows.counts)
    if not total:
        fix = 'Check the nodata value: --nodata overrides what the file declares.'
        raise RasterError(plan.scene.path, 'no valid pixel (all nodata)', 'a scene to map', fix)
    return {name: round(count / total, 6) for name, count in zip(model.classes, rows.counts, strict=True)}
