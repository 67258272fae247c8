"""Joining the feature maps of co-registered modalities, of which any may be absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from mmrs.errors import ConfigError

MapFusion = Literal['sum', 'mean', 'concat']
MAP_FUSIONS = ('sum', 'mean', 'concat')


def fuse_maps(maps: Mapping[str, Sequence[Tensor]], names: Sequence[str], how: MapFusion) -> tuple[Tensor, ...]:
    """Joins the maps of all modalities stage by stage.

    Args:
        maps: Maps (B, C, H, W) of the modalities that are present, one per stage.
        names: All modalities in their order.
        how: ``'sum'`` and ``'mean'`` go over the modalities that are present. ``'concat'`` keeps a place for each; an
            absent one leaves zeros there (features that were not computed, not features of a black image).

    Returns:
        One map per stage, (B, C, H, W), or (B, C * modalities, H, W) for ``'concat'``.

    Raises:
        ConfigError: The maps of two modalities differ in size.
    """
    stages = list(zip(*maps.values(), strict=True))
    for stage in stages:
        sizes = {tuple(feature.shape[2:]) for feature in stage}
        if len(sizes) > 1:
            fix = 'Bring the modalities to one grid before the backbone, or fuse them in the head.'
            raise ConfigError('modalities', f'maps of {sorted(sizes)} cells', 'maps of one size', fix)
    if how == 'concat':
        return tuple(
            torch.cat([present[name] if name in maps else torch.zeros_like(stage[0]) for name in names], dim=1)
            for stage in stages
            for present in [dict(zip(maps, stage, strict=True))]
        )
    joined = tuple(sum(stage[1:], start=stage[0]) for stage in stages)
    return joined if how == 'sum' else tuple(feature / len(maps) for feature in joined)
