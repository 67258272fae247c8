"""Deformable cross attention on oriented reference boxes (CGEarthEye specification, section 2.3, OBB)."""

from __future__ import annotations

from typing import Any

import torch
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttention
from torch import Tensor, nn

from mmrs.errors import ConfigError

#: How an oriented box places the sampling points.
GEOMETRIES = ('faithful', 'rotated')


def _turn(vector: Tensor, angle: Tensor) -> Tensor:
    """Rotates (..., 2) by angles that broadcast with its leading axes."""
    x, y = vector.unbind(-1)
    return torch.stack([x * angle.cos() - y * angle.sin(), x * angle.sin() + y * angle.cos()], -1)


class _TurnedOffsets(nn.Module):
    """The projection of a query to sampling offsets, then laid into the frame of its box, in cells of each level."""

    def __init__(self, projection: nn.Module, boxes: Tensor, cells: Tensor, heads: int, points: int) -> None:
        super().__init__()
        self.projection, self.boxes, self.cells, self.grid = projection, boxes, cells, (heads, len(cells), points, 2)

    def forward(self, query: Tensor) -> Tensor:
        """(B, Q, C) to (B, Q, heads * L * points * 2)."""
        offsets = self.projection(query).unflatten(-1, self.grid)
        # Of each level, (B, Q, 1, L, 1, ...).
        half = (self.boxes[..., 2:4] * self.cells / 2)[:, :, None, :, None]
        angle = self.boxes[:, :, None, :, None, 4]
        return _turn(offsets / self.grid[2] * half, angle).flatten(2)


class RotatedDeformableAttention(MultiScaleDeformableAttention):
    """Multi-scale deformable attention whose reference may be (cx, cy, w, h, angle).

    Args:
        geometry: 'faithful' as in the original: an offset is scaled, element by element, with the half sides of the
            box as a vector that was turned by its angle (which turns that vector, not the offsets; a side of a box at
            45 degrees can vanish). 'rotated': offsets are scaled with the half sides and then turned, in cells, so that
            points follow the box whatever its angle and the image's shape.
        **kwargs: As in mmcv.

    Raises:
        ConfigError: For another geometry.
    """

    def __init__(self, *args: Any, geometry: str = 'faithful', **kwargs: Any) -> None:
        if geometry not in GEOMETRIES:
            raise ConfigError('cross attention', repr(geometry), ' or '.join(GEOMETRIES), 'Choose one.')
        super().__init__(*args, **kwargs)
        self.geometry = geometry

    def forward(self, query: Tensor, *args: Any, reference_points: Tensor, **kwargs: Any) -> Tensor:
        """Attends.

        Args:
            query: (B, Q, C).
            *args: As in mmcv.
            reference_points: (B, Q, L, 2, 4 or 5): centre and sides in 0..1 of the padded map, angle in radians.
            **kwargs: As in mmcv.
        """
        if reference_points.size(-1) != 5:
            return super().forward(query, *args, reference_points=reference_points, **kwargs)
        if self.geometry == 'faithful':
            turned = _turn(reference_points[..., 2:4], reference_points[..., 4])
            reference = torch.cat([reference_points[..., :2], turned], -1)
            return super().forward(query, *args, reference_points=reference, **kwargs)
        cells = kwargs['spatial_shapes'].flip(-1)
        projection: nn.Module = self.sampling_offsets  # type: ignore[has-type]
        turned_offsets: nn.Module = _TurnedOffsets(projection, reference_points, cells, self.num_heads, self.num_points)
        try:
            # With a point as reference, mmcv takes offsets in cells: these are.
            self.sampling_offsets = turned_offsets
            return super().forward(query, *args, reference_points=reference_points[..., :2], **kwargs)
        finally:
            self.sampling_offsets = projection
