"""Detects objects in whole georeferenced scenes: the call behind ``mmrs predict`` for a detector's config."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmrs.apis.box_store import BoxStore
from mmrs.apis.detector import DetectionModel
from mmrs.apis.map_outputs import is_kept, is_north_up, scene_record
from mmrs.apis.map_plan import READ_AHEAD, MapOptions, MapPlan, plan_map, run_key, tell_resume
from mmrs.apis.map_rows import READER_NICE
from mmrs.apis.merge_boxes import Boxes, BoxMerger, on_data
from mmrs.apis.prefetch import prefetch
from mmrs.apis.tiles import TileBatch, TileReader
from mmrs.errors import ConfigError
from mmrs.geo.box_picture import write_box_picture
from mmrs.geo.gdal import replacing
from mmrs.geo.vector import write_boxes
from mmrs.geo.vector_file import check_vector
from mmrs.version import __version__

PICTURE_PIXELS = 2048


@dataclass
class DetectionResult:
    """What detection in one scene left.

    Attributes:
        outputs: Path of each output by kind: boxes, quicklook, sidecar.
        counts: Objects of each class.
        tiles_run: Tiles that went through the network.
        tiles_empty: Tiles without a valid pixel, left out.
        tiles_resumed: Tiles of rows that an interrupted run had finished.
        kept: Whether all outputs were there already, from a finished run of the same settings.
        seconds: Time of this run.
    """

    outputs: dict[str, Path]
    counts: dict[str, int] = field(default_factory=dict)
    tiles_run: int = 0
    tiles_empty: int = 0
    tiles_resumed: int = 0
    kept: bool = False
    seconds: float = 0.0


def detect_scene(
    model: DetectionModel,
    scene: str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    options: MapOptions | None = None,
    progress: Callable[[int, int], None] | None = None,
    notify: Callable[[str], None] = lambda message: None,
) -> DetectionResult:
    """Detects objects in one scene.

    Memory holds one row of tiles and the boxes. Every output appears under its name when it is complete; until then
    the boxes of finished rows of tiles are in a hidden folder beside them, from which a later call with the same scene,
    model and settings goes on after a crash. Boxes most of which lie where the scene holds nothing are dropped.

    Args:
        model: The model, from :func:`mmrs.apis.model.load_model`.
        scene: Path of the raster.
        output_dir: Folder of the outputs; made if it is missing.
        options: What is asked for; ``polygons`` is the format of the boxes (GeoPackage).
        progress: Called with (tiles done, all tiles) at the start and after each batch.
        notify: Called with a line of text about what a user should know.

    Raises:
        RasterError: If the scene cannot be read or used, outputs of another run stand in the way, or writing fails.
        ConfigError: If an option cannot be used.
    """
    began, started = time.perf_counter(), datetime.now(timezone.utc)
    options = options or MapOptions()
    plan = plan_detection(model, scene, output_dir, options)
    with plan.scene:
        if not options.overwrite and is_kept(plan):
            notify(f'{plan.outputs["sidecar"]}: these detections are complete already; kept')
            return DetectionResult(plan.outputs, kept=True)
        store = BoxStore(plan.folder, plan.key, options.resume)
        tell_resume(plan, len(store.rows), bool(store.discarded), options.resume, notify)
        merger = BoxMerger(plan.grid, model.merge_iou)
        tiles, resumed = _run(model, plan, merger, store, progress)
        found = merger.finish(model.oriented)
        counts = np.bincount(found.labels, minlength=model.num_classes)
        result = DetectionResult(
            plan.outputs,
            {name: int(count) for name, count in zip(model.classes, counts, strict=False)},
            tiles,
            len(plan.grid) - tiles - resumed,
            resumed,
        )
        plan.outputs['sidecar'].parent.mkdir(parents=True, exist_ok=True)
        plan.outputs['sidecar'].unlink(missing_ok=True)
        place = dict(crs=plan.scene.crs, transform=plan.scene.transform)
        write_boxes(found.boxes, plan.outputs['boxes'], model.classes, found.labels, found.scores, **place)
        if options.quicklook:
            _draw(model, plan, found)
        result.seconds = time.perf_counter() - began
        _write_sidecar(model, plan, result, started)
        store.close()
    return result


def plan_detection(
    model: DetectionModel, scene: str | os.PathLike[str], output_dir: str | os.PathLike[str], options: MapOptions
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
    if options.probabilities:
        fix = 'Leave --probabilities out; boxes carry their scores.'
        raise ConfigError('probabilities', options.probabilities, 'none: a detector has no class map', fix)
    plan = plan_map(model, scene, output_dir, replace(options, polygons=None))
    boxes = plan.outputs['sidecar'].with_name(f'{Path(scene).stem}_boxes.{options.polygons or "gpkg"}')
    check_vector(boxes, plan.scene.crs)
    outputs = {'boxes': boxes} | {kind: path for kind, path in plan.outputs.items() if kind != 'classes'}
    settings = {**plan.settings, 'score': model.score, 'merge_iou': model.merge_iou}
    return replace(plan, outputs=outputs, settings=settings, key=run_key([scene], model, settings))


def _run(
    model: DetectionModel,
    plan: MapPlan,
    merger: BoxMerger,
    store: BoxStore,
    progress: Callable[[int, int], None] | None,
) -> tuple[int, int]:
    """Runs all tiles that hold something; returns the number that ran now, and of those that had run before."""
    rows, columns = plan.grid.shape
    on_gpu = torch.device(model.device).type == 'cuda'
    reader = TileReader(plan.scene, plan.grid, plan.tile, plan.batch_size, model.fill, on_gpu, masks=True)
    for row, (kept, _) in enumerate(store.rows):
        for column, boxes in kept:
            merger.add(row, column, boxes)
    first, resumed, tiles, ran = len(store.rows), sum(count for _, count in store.rows), 0, 0
    found: list[tuple[int, Boxes]] = []
    if progress:
        progress(first * columns, rows * columns)
    with closing(prefetch(reader.batches(first), READ_AHEAD, READER_NICE)) as batches:
        for batch in batches:
            found += _detect(model, batch)
            ran += len(batch.columns)
            if batch.last:
                store.write(batch.row, found, ran)
                for column, boxes in found:
                    merger.add(batch.row, column, boxes)
                tiles, ran, found = tiles + ran, 0, []
            if progress:
                progress((batch.row * columns) + (columns if batch.last else batch.columns[-1] + 1), rows * columns)
    return tiles, resumed


def _detect(model: DetectionModel, batch: TileBatch) -> list[tuple[int, Boxes]]:
    """Boxes of the tiles of a batch that lie on data, with the column of their tile."""
    found = [] if batch.pixels is None else model.detect(batch.pixels)
    if batch.masks is not None:
        found = [boxes[on_data(boxes.boxes, mask)] for boxes, mask in zip(found, batch.masks, strict=True)]
    return list(zip(batch.columns, found, strict=True))


def _draw(model: DetectionModel, plan: MapPlan, found: Boxes) -> None:
    scene = plan.scene
    image = scene.overview(PICTURE_PIXELS)
    across, down = scene.width / image.shape[2], scene.height / image.shape[1]
    write_box_picture(
        plan.outputs['quicklook'],
        image,
        found.boxes,
        found.labels,
        model.classes,
        model.palette,
        scale=(1 / across, 1 / down),
        gsd=(scene.gsd[0] * across, scene.gsd[1] * down) if scene.gsd else None,
        north_up=is_north_up(scene),
        title=Path(scene.path).name,
        note=f'score {model.score:g} and more',
    )


def _write_sidecar(model: DetectionModel, plan: MapPlan, result: DetectionResult, started: datetime) -> None:
    record: dict[str, Any] = {
        'key': plan.key,
        'mmrs_version': __version__,
        'torch_version': str(torch.__version__),
        'model': model.identity,
        'scene': scene_record(plan.scene),
        'settings': plan.settings,
        'angle': 'radians from the x axis of the image towards its y axis (down), -pi/2 to pi/2, along the longer side'
        if model.oriented
        else None,
        'classes': [
            {'value': value, 'name': name, 'colour': list(colour), 'count': result.counts[name]}
            for value, (name, colour) in enumerate(zip(model.classes, model.palette, strict=True))
        ],
        'outputs': {kind: path.name for kind, path in plan.outputs.items()},
        'run': {
            'started': started.isoformat(timespec='seconds'),
            'seconds': round(result.seconds, 3),
            'tiles_run': result.tiles_run,
            'tiles_empty': result.tiles_empty,
            'tiles_resumed': result.tiles_resumed,
        },
    }
    with replacing(plan.outputs['sidecar']) as temporary:
        temporary.write_text(json.dumps(record, indent=2, default=str) + '\n', encoding='utf-8')
