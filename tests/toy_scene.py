"""A scene and a network whose map is known, for tests of scene mapping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.transform import from_origin

from mmrs.apis.scene_model import SceneModel

WEIGHTS = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [0.4, 0.4, 0.4]])


def brightest_band(pixels):
    """A network without a field of view: any tiling gives the same map."""
    return torch.einsum('kc,nchw->nkhw', WEIGHTS[:, : pixels.shape[1]], pixels)


def toy_model(channels=3, **changes):
    settings = {'tile': 32, 'overlap': 8, 'batch_size': 3, 'channels': channels, 'identity': {'name': 'toy'}}
    return SceneModel(brightest_band, ['red', 'green', 'blue', 'grey'], **{**settings, **changes})


def write_scene(path, height=100, width=130, count=3, dtype='uint8', seed=0, block=16, **profile):
    random = np.random.default_rng(seed)
    patches = random.integers(1, 200, (count, -(-height // block), -(-width // block)))
    pixels = patches.repeat(block, 1).repeat(block, 2)[:, :height, :width].astype(dtype)
    profile = {'crs': 'EPSG:32633', 'transform': from_origin(5e5, 5e6, 0.5, 0.5), **profile}
    with rasterio.open(
        path, 'w', driver='GTiff', height=height, width=width, count=count, dtype=dtype, **profile
    ) as dataset:
        dataset.write(pixels)
    return pixels


def expected_map(pixels):
    scores = np.einsum('kc,chw->khw', WEIGHTS.numpy()[:, : len(pixels)].astype(np.float64), pixels.astype(np.float64))
    return scores.argmax(0)


def files(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir()) if path.is_file()}


def same_but_sidecar(one, other):
    one, other = ({name: data for name, data in found.items() if not name.endswith('.json')} for found in (one, other))
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
