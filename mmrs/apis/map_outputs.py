"""Turns finished rows into the files that a user gets: rasters, polygons, a picture and a record."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

import rasterio
import torch
from numpy.typing import NDArray
from rasterio.enums import Resampling

from mmrs.apis.map_plan import MapOptions, MapPlan
from mmrs.apis.map_rows import NO_PERCENT
from mmrs.apis.progress_store import ProgressStore
from mmrs.apis.scene_model import SceneModel
from mmrs.errors import RasterError
from mmrs.geo.cog import write_cog
from mmrs.geo.gdal import gdal_env, replacing
from mmrs.geo.pair import ScenePair
from mmrs.geo.quicklook import write_quicklook
from mmrs.geo.scene import GeoreferenceWarning, Scene
from mmrs.geo.vector import polygonize
from mmrs.version import __version__

QUICKLOOK_PIXELS = 1024


def is_kept(plan: MapPlan) -> bool:
    """Whether the outputs of this very run are there already.

    Args:
        plan: The run.

    Returns:
        True if all are there and complete; False if none of another run stands in the way.

    Raises:
        RasterError: If outputs of another run would be overwritten.
    """
    there = [path for path in plan.outputs.values() if path.exists()]
    sidecar = plan.outputs['sidecar']
    if not there or (not sidecar.exists() and plan.folder.exists()):
        return False
    try:
        key = json.loads(sidecar.read_text(encoding='utf-8'))['key']
    except (OSError, ValueError, KeyError, TypeError):
        key = None
    if key != plan.key:
        fix = 'Pass --overwrite to replace them, or choose another output folder.'
        raise RasterError(there[0], 'outputs of another run', 'none, or those of the same run', fix)
    return len(there) == len(plan.outputs)


def write_outputs(
    model: SceneModel,
    plan: MapPlan,
    store: ProgressStore,
    options: MapOptions,
    shares: dict[str, float],
    run: dict[str, Any],
) -> None:
    """Writes everything that was asked for; the sidecar comes last and says that the map is complete.

    Args:
        model: The model.
        plan: The run.
        store: All rows.
        options: What was asked for.
        shares: Share of each class.
        run: What the sidecar says about times and tiles.

    Raises:
        RasterError: If something cannot be written; finished rows stay on disk, so that the same call goes on later.
    """
    scene, outputs = plan.scene, plan.outputs
    outputs['sidecar'].unlink(missing_ok=True)
    place: dict[str, Any] = {'crs': scene.crs, 'transform': scene.transform}
    write_cog(
        store.spools['classes'],
        outputs['classes'],
        nodata=plan.nodata,
        band_names=['class'],
        class_names=model.classes,
        palette=model.palette if plan.dtype == 'uint8' else (),
        **place,
    )
    if options.probabilities:
        percent = options.probabilities == 'percent'
        write_cog(
            store.spools['probabilities'],
            outputs['probabilities'],
            nodata=NO_PERCENT if percent else float('nan'),
            band_names=model.classes,
            tags={'UNIT': 'percent' if percent else 'probability'},
            resampling='average',
            **place,
        )
    if options.polygons:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', GeoreferenceWarning)  # the scene has said so
            # What did not change is one polygon as large as the scene.
            polygonize(outputs['classes'], outputs['polygons'], model.classes, skip=() if model.dates == 1 else (0,))
    if options.quicklook:
        _write_quicklook(model, plan, shares)
    _write_sidecar(model, plan, shares, run)


def is_north_up(scene: Scene) -> bool:
    """Whether the upper edge of a scene is known to be north."""
    return scene.crs is not None and scene.transform.is_rectilinear and scene.transform.e < 0 < scene.transform.a


def _write_quicklook(model: SceneModel, plan: MapPlan, shares: dict[str, float]) -> None:
    scene, outputs = plan.scene, plan.outputs
    image = scene.overview(QUICKLOOK_PIXELS)
    with gdal_env(), rasterio.open(outputs['classes']) as dataset:
        class_map = dataset.read(1, out_shape=image.shape[1:], resampling=Resampling.nearest)
    step = scene.width / image.shape[2], scene.height / image.shape[1]
    write_quicklook(
        outputs['quicklook'],
        class_map,
        model.classes,
        model.palette,
        _titled(scene, image),
        plan.nodata,
        gsd=(scene.gsd[0] * step[0], scene.gsd[1] * step[1]) if scene.gsd else None,
        north_up=is_north_up(scene),
        shares=list(shares.values()),
        title=plan.outputs['quicklook'].stem.removesuffix('_quicklook'),
    )


def _titled(scene: Scene, image: NDArray[Any]) -> dict[str, NDArray[Any]]:
    if not isinstance(scene, ScenePair):
        return {'Image': image}
    count = len(scene.before.bands)
    return {'Before': image[:count], 'After': image[count:]}


def _later(scene: Scene) -> dict[str, Any]:
    if not isinstance(scene, ScenePair):
        return {}
    path = os.path.abspath(scene.after.path)
    return {'after': {'path': path, 'warped': scene.aligned, 'overlap': round(scene.overlap, 4)}}


def _write_sidecar(model: SceneModel, plan: MapPlan, shares: dict[str, float], run: dict[str, Any]) -> None:
    scene = plan.scene
    record = {
        'key': plan.key,
        'mmrs_version': __version__,
        'torch_version': str(torch.__version__),
        'model': model.identity,
        'scene': scene_record(scene),
        **_later(scene),
        'settings': plan.settings,
        'classes': [
            {'value': value, 'name': name, 'colour': list(colour), 'share': shares[name]}
            for value, (name, colour) in enumerate(zip(model.classes, model.palette, strict=True))
        ],
        'nodata': plan.nodata,
        'outputs': {kind: path.name for kind, path in plan.outputs.items()},
        'run': {
            **run,
            'tiles_per_second': round(run['tiles_run'] / run['map_seconds'], 2) if run['map_seconds'] else None,
        },
    }
    with replacing(plan.outputs['sidecar']) as temporary:
        temporary.write_text(json.dumps(record, indent=2, default=str, allow_nan=True) + '\n', encoding='utf-8')


def scene_record(scene: Scene) -> dict[str, Any]:
    """What a sidecar says about a scene.

    Args:
        scene: The opened scene.
    """
    return {
        'path': os.path.abspath(scene.path),
        'width': scene.width,
        'height': scene.height,
        'dtype': str(scene.dtype),
        'bands': list(scene.bands),
        'nodata': [None if value is None else float(value) for value in scene.nodata],
        'crs': scene.crs.to_string() if scene.crs else None,
        'transform': list(scene.transform)[:6],
        'gsd_metres': scene.gsd,
    }
