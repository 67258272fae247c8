"""Regular sample grids inside the bins of regions, straight or rotated, as bags of table rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from .bags import bag_scatter, bag_sum, from_table, to_table, working
from .bilinear import clamped_corners

#: Samples handled at a time. Bounds memory (about 100 bytes a sample) for large regions with adaptive grids.
CHUNK_SAMPLES = 1 << 19


@dataclass
class Grids:
    """Sample (i, j) of bin b in region r lies at ``origin[r, b] + (i + .5) * down[r] + (j + .5) * right[r]``.

    Attributes:
        image: Image of each region, (R,), integer.
        origin: Corner (y, x) of each bin in pixels, (R, B, 2).
        down: Step (y, x) between sample rows, (R, 2).
        right: Step (y, x) between sample columns, (R, 2).
        rows: Sample rows in each bin, (R,), int64, or one number for all.
        cols: Sample columns in each bin, as ``rows``.
    """

    image: Tensor
    origin: Tensor
    down: Tensor
    right: Tensor
    rows: Tensor | int
    cols: Tensor | int

    def chunks(self) -> Iterator[tuple[slice, Grids]]:
        """Yields consecutive regions, at least one, with at most about :data:`CHUNK_SAMPLES` samples together."""
        regions, bins = self.origin.shape[:2]
        if isinstance(self.rows, int) or isinstance(self.cols, int):
            stride = max(1, CHUNK_SAMPLES // max(1, bins * int(self.rows * self.cols)))
            edges = [*range(0, regions, stride), regions]
        else:
            part = (self.rows * self.cols * bins).cumsum(0) // CHUNK_SAMPLES
            edges = [0, *(part.diff().nonzero().flatten() + 1).tolist(), regions]
        for first, last in zip(edges[:-1], edges[1:], strict=True):
            yield slice(first, last), self._take(slice(first, last))

    def _take(self, part: slice) -> Grids:
        rows = self.rows if isinstance(self.rows, int) else self.rows[part]
        cols = self.cols if isinstance(self.cols, int) else self.cols[part]
        return Grids(self.image[part], self.origin[part], self.down[part], self.right[part], rows, cols)

    def counts(self) -> Tensor:
        """Samples per bin of each region, at least one, (R,)."""
        count = torch.as_tensor(self.rows, device=self.origin.device) * self.cols
        return count.clamp(min=1).expand(self.origin.size(0))

    def points(self) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """All samples, bin by bin.

        Returns:
            Row and column position and region index of each sample, and the first sample of each bin. With one grid
            for all, the positions have shape (R * B, K), the index (R * B, 1) and the last is None; otherwise they
            are flat and the last has shape (R * B,), int64.
        """
        if isinstance(self.rows, int) and isinstance(self.cols, int):
            return self._uniform_points(self.rows, self.cols)
        return self._ragged_points()

    def _uniform_points(self, rows: int, cols: int) -> tuple[Tensor, Tensor, Tensor, None]:
        regions, bins = self.origin.shape[:2]
        i = torch.arange(rows, device=self.origin.device).add(0.5).repeat_interleave(cols)
        j = torch.arange(cols, device=self.origin.device).add(0.5).repeat(rows)
        inner = self.down[..., None] * i + self.right[..., None] * j
        points = self.origin[..., None] + inner[:, None]
        y, x = points.reshape(regions * bins, 2, -1).unbind(1)
        region = torch.arange(regions, device=y.device).repeat_interleave(bins)[:, None]
        return y, x, region, None

    def _ragged_points(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        regions, bins = self.origin.shape[:2]
        rows, cols = (torch.as_tensor(n, device=self.origin.device).expand(regions) for n in (self.rows, self.cols))
        count = (rows * cols).repeat_interleave(bins)
        ends = count.cumsum(0)
        starts = ends - count
        bag = torch.repeat_interleave(count)
        region = torch.div(bag, bins, rounding_mode='floor')
        inner = torch.arange(bag.numel(), device=bag.device) - starts[bag]
        i = torch.div(inner, cols[region], rounding_mode='floor')
        j = inner - i * cols[region]
        place = self.origin.flatten(0, 1)[bag]
        place = place + (i + 0.5).to(place.dtype)[:, None] * self.down[region]
        place = place + (j + 0.5).to(place.dtype)[:, None] * self.right[region]
        return place[:, 0], place[:, 1], region, starts

    def bags(self, size: tuple[int, int, int]) -> tuple[Tensor, Tensor, Tensor | None]:
        """Bags that average the samples of each bin.

        Args:
            size: (images, height, width) of the table.

        Returns:
            Table rows, weights and bag starts for :func:`mmrs.ops.bags.bag_sum`; weights differentiate to the grid.
        """
        y, x, region, starts = self.points()
        index, weight = clamped_corners(y, x, self.image[region], size)
        weight = weight / self.counts()[region][..., None]
        if starts is None:
            return index.flatten(1), weight.flatten(1), None
        return index.flatten(), weight.flatten(), (starts * 4).to(index.dtype)


def adaptive(extent: Tensor, bins: int, ratio: int) -> Tensor | int:
    """Samples along one side of a bin.

    Args:
        extent: Side of each region in pixels, (R,).
        bins: Bins along that side.
        ratio: Samples asked for; 0 or less takes about one per pixel.

    Returns:
        ``ratio``, or int64 of shape (R,); empty, negative and non-finite extents get 0.
    """
    if ratio > 0:
        return ratio
    return (extent / bins).ceil().nan_to_num(0, 0, 0).clamp(min=0).long()


def pool_grids(features: Tensor, grids: Grids, output: Tensor) -> None:
    """Averages a map over grids.

    Args:
        features: (N, C, H, W).
        grids: R regions of B bins.
        output: (R, C, B), written.
    """
    images, channels, height, width = features.shape
    table = to_table(features)
    for part, piece in grids.chunks():
        pooled = bag_sum(table, *piece.bags((images, height, width)))
        output[part].copy_(pooled.view(-1, output.size(2), channels).transpose(1, 2))


def unpool_grids(grad: Tensor, grids: Grids, grad_input: Tensor) -> None:
    """Transposes :func:`pool_grids`.

    Args:
        grad: Gradient of the pooled values, (R, C, B).
        grids: As in the forward pass.
        grad_input: (N, C, H, W), overwritten with the gradient of the map.
    """
    images, channels, height, width = grad_input.shape
    rows = images * height * width
    table = None
    for part, piece in grids.chunks():
        index, weight, starts = piece.bags((images, height, width))
        bins = working(grad[part]).transpose(1, 2).reshape(-1, channels)
        spread = bag_scatter(bins, index, weight, rows, starts)
        table = spread if table is None else table.add_(spread)
    if table is not None:
        from_table(table, grad_input)
