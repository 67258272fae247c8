"""Runs a model over the tiles of a scene and hands finished rows to the disk."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmrs.apis.map_plan import READ_AHEAD, MapPlan
from mmrs.apis.prefetch import prefetch
from mmrs.apis.progress_store import ProgressStore
from mmrs.apis.scene_model import SceneModel
from mmrs.apis.tiles import TileBatch, TileReader
from mmrs.errors import ConfigError, RasterError
from mmrs.geo.blend import Blender

NO_PERCENT = 255  # nodata of the percent probabilities


@dataclass
class RowsResult:
    """What running the tiles came to.

    Attributes:
        tiles_run: Tiles that went through the network.
        tiles_empty: Tiles without a valid pixel, left out.
        tiles_resumed: Tiles of rows that an earlier run had finished.
        counts: Pixels of each class.
    """

    tiles_run: int
    tiles_empty: int
    tiles_resumed: int
    counts: list[int]


@torch.inference_mode()
def map_rows(
    model: SceneModel, plan: MapPlan, store: ProgressStore, progress: Callable[[int, int], None] | None = None
) -> RowsResult:
    """Maps the rows of tiles that the store lacks.

    Args:
        model: The model.
        plan: The run.
        store: Where finished rows go.
        progress: Called with (tiles done, all tiles) at the start and after each batch.

    Raises:
        RasterError: If the scene cannot be read, the rows cannot be written, or the scores are not finite.
        ConfigError: If the network returns another shape than its classes and tiles ask for.
    """
    rows, columns = plan.grid.shape
    done = store.next_row * columns
    result = RowsResult(0, 0, done, store.counts or [0] * model.num_classes)
    if store.next_row == rows:
        return result
    reader = TileReader(
        plan.scene, plan.grid, plan.tile, plan.batch_size, model.fill, torch.device(model.device).type == 'cuda'
    )
    row_map = _RowMap(model, plan)
    if progress:
        progress(done, rows * columns)
    if store.next_row:
        row_map.blender.carry.copy_(torch.from_numpy(store.carry(tuple(row_map.blender.carry.shape))))
    with closing(prefetch(reader.batches(store.next_row), READ_AHEAD)) as batches:
        for batch in batches:
            row_map.add(batch)
            result.tiles_run += len(batch.columns)
            if batch.last:
                first, _ = plan.grid.final_rows(batch.row)
                arrays = row_map.finish(batch)
                result.counts = _counted(arrays['classes'], result.counts)
                saved = row_map.blender.carry
                carry = saved.cpu().numpy().copy() if store.checkpoint_due(saved.nbytes) else None
                store.write(first, arrays, batch.row + 1, result.counts, carry)
                del carry, arrays  # a row's worth each: not to be held until the next one is there
                done = (batch.row + 1) * columns
            if progress:
                progress(done if batch.last else done + batch.columns[-1] + 1, rows * columns)
    store.finish()
    result.tiles_empty = rows * columns - result.tiles_run - result.tiles_resumed
    return result


def _counted(labels: NDArray[Any], before: list[int]) -> list[int]:
    # Compared class by class: on bytes this is many times faster than numpy's bincount.
    return [count + int(np.count_nonzero(labels == index)) for index, count in enumerate(before)]


def best_class(scores: Tensor) -> tuple[Tensor, Tensor]:
    """Highest score and its class, the first of equals, as `argmax` gives it.

    On a CPU `argmax(dim)` and `max(dim)` walk over the classes of one pixel after the other; comparing whole planes
    takes a thirtieth and a quarter of their time.

    Args:
        scores: (K, rows, columns).

    Returns:
        Scores (rows, columns), not finite where one of the scores is not a number, and classes: uint8 for K up to 254,
        else int32.
    """
    dtype = torch.uint8 if len(scores) <= 254 else torch.int32
    if scores.device.type != 'cpu':
        top = scores.max(0)
        return top.values, top.indices.to(dtype)
    best = scores[0].clone()
    labels = torch.zeros(best.shape, dtype=dtype)
    for index in range(1, len(scores)):
        higher = (scores[index] > best).view(torch.uint8).to(dtype)
        torch.maximum(labels, higher.mul_(index), out=labels)  # classes ascend: the later one is the larger number
        torch.maximum(best, scores[index], out=best)
    return best, labels


class _RowMap:
    """Class map (and probabilities) of the row of tiles that is being run."""

    def __init__(self, model: SceneModel, plan: MapPlan) -> None:
        self.model, self.plan = model, plan
        grid = plan.grid
        device = torch.device(model.device)
        self.blender = Blender(
            grid.row_starts,
            grid.column_starts,
            plan.tile,
            model.num_classes,
            plan.settings['blend'],
            zeros=partial(torch.zeros, device=device),
            convert=lambda weights: torch.from_numpy(weights).to(device),
        )
        width = grid.column_starts[-1] + plan.tile
        self.labels = torch.empty(
            (plan.tile, width), device=device, dtype=torch.uint8 if plan.nodata == 255 else torch.int32
        )
        self.probabilities = self._empty_probabilities(width, device)
        self.check = torch.zeros((), device=device)  # finite as long as all scores are
        self.next_column = 0

    def _empty_probabilities(self, width: int, device: torch.device) -> Tensor | None:
        kind = self.plan.settings['probabilities']
        if kind is None:
            return None
        dtype = torch.uint8 if kind == 'percent' else torch.float32
        return torch.empty((self.model.num_classes, self.plan.tile, width), dtype=dtype, device=device)

    def add(self, batch: TileBatch) -> None:
        """Runs a batch and blends its tiles, and those that were left out before them."""
        if batch.pixels is not None:
            scores = self.model(batch.pixels)
            expected = (len(batch.columns), self.model.num_classes, self.plan.tile, self.plan.tile)
            if tuple(scores.shape) != expected:
                fix = 'Check the number of classes, and that the network keeps the size of its input.'
                raise ConfigError('output of the network', str(tuple(scores.shape)), str(expected), fix)
            for column, score in zip(batch.columns, scores, strict=True):
                self._skip_to(batch.row, column)
                self._blend(batch.row, column, score)
        if batch.last:
            self._skip_to(batch.row, len(self.blender.columns))

    def finish(self, batch: TileBatch) -> dict[str, NDArray[Any]]:
        """Rows that have become final, as (bands, rows, columns); starts the next row of tiles."""
        if not torch.isfinite(self.check):
            found = f'scores that are not finite in row {batch.row} of tiles'
            raise RasterError(self.plan.scene.path, found, 'numbers', 'Check the weights, or map it without --bf16.')
        first, stop = self.plan.grid.final_rows(batch.row)
        size = np.s_[: stop - first, : self.plan.grid.width]
        labels = self.labels[size].cpu().numpy().astype(self.plan.dtype)
        arrays = {'classes': labels[None]}
        if batch.valid is not None:
            labels[~batch.valid] = self.plan.nodata
        if self.probabilities is not None:
            shares = self.probabilities[:, size[0], size[1]].cpu().numpy().copy()
            if batch.valid is not None:
                shares[:, ~batch.valid] = NO_PERCENT if shares.dtype == np.uint8 else np.nan
            arrays['probabilities'] = shares
        self.next_column = 0
        return arrays

    def _skip_to(self, row: int, column: int) -> None:
        while self.next_column < column:
            self._blend(row, self.next_column, None)

    def _blend(self, row: int, column: int, score: Tensor | None) -> None:
        block = self.blender.add(row, column, score)
        start = self.blender.columns[column]
        area = np.s_[: block.shape[1], start : start + block.shape[2]]
        best, labels = best_class(block)
        self.labels[area] = labels
        self.check += best.sum()
        if self.probabilities is not None:
            shares = block.softmax(0)
            percent = self.probabilities.dtype == torch.uint8
            self.probabilities[:, area[0], area[1]] = (shares * 100).round_().to(torch.uint8) if percent else shares
        self.next_column = column + 1
