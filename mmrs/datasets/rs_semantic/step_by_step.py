"""A mosaic the original's way: whole tiles, resampled one by one, then the mosaic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmrs.datasets.rs_semantic.geometry import Box, Geometry, Size
from mmrs.datasets.rs_semantic.published import LABEL, combine, crop_and_resize, normalise
from mmrs.datasets.rs_semantic.tiles import BANDS, SERIES, Place, read_image, read_series

KINDS = dict(s2=torch.int16, s1=torch.float32)


def published_mosaic(
    places: Sequence[Place], geometry: Geometry, size: Size, scale: int, dates: Mapping[str, int], evenly: bool
) -> dict[str, Any]:
    """Makes a mosaic as published, but for the drawing of its geometry.

    Args:
        places: The tiles.
        geometry: Where they go.
        size: Rows and columns of the sample in pixels of Sentinel-2.
        scale: Pixels of high resolution for one of them.
        dates: Dates by modality.
        evenly: Take them evenly spread.

    Returns:
        ``images``, ``present`` (of the last tile) and ``class_map``, as :class:`mmrs.datasets.transforms.LoadMosaic`
        gives them.
    """
    cells = geometry.cells
    tiles = []
    for tile, place in enumerate(places):
        layers, present = _layers(place, cells, scale, dates, evenly)
        tiles.append(_tile(layers, geometry.boxes[tile], geometry.flips[tile], cells, scale, place))
    mosaic = {name: combine([layers[name] for layers in tiles], geometry.layout) for name in tiles[0]}
    fine = (size[0] * scale, size[1] * scale)
    found = crop_and_resize(mosaic, dict(hr=fine, label=fine, s2=size, s1=size), geometry.crop, exact=False)
    images = {name: found[name].numpy() for name in ('hr', 's2', 's1')}
    return dict(images=images, present=present, class_map=found[LABEL].numpy())


def _layers(
    place: Place, cells: int, scale: int, dates: Mapping[str, int], evenly: bool
) -> tuple[dict[str, Tensor], dict[str, bool]]:
    side, image = cells * scale, read_image(place)
    layers = {LABEL: torch.from_numpy(place.labels)}
    present = dict(hr=image is not None)
    if image is None:
        image = np.zeros((side, side, 3), np.uint8)
    layers['hr'] = torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, -1, 0).astype(np.int32)))
    for name, bands in BANDS.items():
        series = read_series(place, name, dates[name], evenly)
        present[name] = series is not None
        pixels = np.zeros((bands, dates[name], cells, cells)) if series is None else series[0]
        layers[name] = torch.from_numpy(np.ascontiguousarray(pixels)).to(KINDS[name])
    return layers, present


def _tile(
    layers: Mapping[str, Tensor], box: Box, flip: bool, cells: int, scale: int, place: Place
) -> dict[str, Tensor]:
    side = cells * scale
    sizes = dict(hr=(side, side), label=(side, side), s2=(cells, cells), s1=(cells, cells))
    found = crop_and_resize(layers, sizes, box, exact=False, grid=cells)
    if flip:
        found = {name: layer.flip(-1) for name, layer in found.items()}
    sensors = SERIES | dict(hr=place.entry.kind.sensor)
    return {
        name: layer if name == LABEL else normalise(layer, sensors[name].mean, sensors[name].std)
        for name, layer in found.items()
    }
