"""Tiles to mosaics as published: each tile resampled, then the mosaic (SkySense++ specification, sections 4.4, 4.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

Box = tuple[int, int, int, int]  # top, left, rows, columns
Size = tuple[int, int]
LABEL = 'label'


def resize_bicubic(image: Tensor, size: Size) -> Tensor:
    """Resizes (..., H, W) without smoothing first; whole numbers are rounded and may leave the range of the image.

    Args:
        image: Of any real dtype; the result has the same.
        size: Rows and columns.
    """
    if image.shape[-2:] == size:
        return image
    flat = image.reshape(1, -1, *image.shape[-2:])
    resized = functional.interpolate(flat.float(), size=size, mode='bicubic', align_corners=False)
    if not image.dtype.is_floating_point:
        resized = resized.round()
    return resized.to(image.dtype).view(*image.shape[:-2], *size)


def resize_labels(labels: Tensor, size: Size, exact: bool = True) -> Tensor:
    """Resizes (..., H, W) to the nearest values.

    Args:
        labels: Of any dtype.
        size: Rows and columns.
        exact: Take the pixel in which a centre falls. The original's takes the one in which an upper left corner
            falls: labels are then shifted by up to half a pixel against their image.
    """
    flat = labels.reshape(1, -1, *labels.shape[-2:]).float()
    mode = 'nearest-exact' if exact else 'nearest'
    return functional.interpolate(flat, size=size, mode=mode).to(labels.dtype).view(*labels.shape[:-2], *size)


def crop_and_resize(
    layers: Mapping[str, Tensor],
    sizes: Mapping[str, Size],
    box: Box | None = None,
    exact: bool = True,
    grid: int | None = None,
) -> dict[str, Tensor]:
    """Cuts one box out of all layers of a tile or mosaic.

    Args:
        layers: ``hr``, ``s2``, ``s1`` and ``label``, (..., H, W) each, of one footprint.
        sizes: Rows and columns of the results.
        box: In pixels of the grid, scaled and cut to whole pixels of a layer; None takes all.
        exact: See :func:`resize_labels`.
        grid: Columns of the grid; None: those of the coarsest layer.
    """
    coarse = grid or min(layer.shape[-1] for layer in layers.values())
    found = {}
    for name, layer in layers.items():
        if box is not None:
            ratio = layer.shape[-1] / coarse
            top, left, rows, columns = (int(value * ratio) for value in box)
            layer = layer[..., top : top + rows, left : left + columns]
        found[name] = resize_labels(layer, sizes[name], exact) if name == LABEL else resize_bicubic(layer, sizes[name])
    return found


def normalise(image: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(C, ...) to float32 with mean 0 and deviation 1 in each band."""
    shape = (-1, *(1,) * (image.ndim - 1))
    return (image.float() - torch.tensor(mean).view(shape)) / torch.tensor(std).view(shape)


def combine(tiles: Sequence[Tensor], layout: Size) -> Tensor:
    """Lays (..., H, W) tiles out as a mosaic, down the columns.

    Args:
        tiles: As many as the layout has places.
        layout: Rows and columns of tiles.
    """
    rows, columns = layout
    parts = [torch.cat(list(tiles[rows * column : rows * (column + 1)]), dim=-2) for column in range(columns)]
    return torch.cat(parts, dim=-1)
