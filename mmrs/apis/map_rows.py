"""Runs a model over the tiles of a scene and hands finished rows to the disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from math import isfinite
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
READER_NICE = 10  # while one thread of a network waits for a core, all of them wait


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
        row_map.load_carry(store.carry(tuple(row_map.blender.carry.shape)))
    with ExitStack() as stack:
        batches = stack.enter_context(closing(prefetch(reader.batches(store.next_row), READ_AHEAD, READER_NICE)))
        scored = _scored(model, plan, batches)
        if not row_map.on_gpu and (os.cpu_count() or 1) > torch.get_num_threads():
            # A core is free to blend on. Where the network has all of them, it would only be held up; a GPU's work is
            # queued anyway.
            scored = stack.enter_context(closing(prefetch(scored, 1)))
        for batch, scores in scored:
            row_map.add(batch, scores)
            result.tiles_run += len(batch.columns)
            if batch.last:
                first, _ = plan.grid.final_rows(batch.row)
                arrays = row_map.finish(batch)
                result.counts = _counted(arrays['classes'], result.counts)
                saved = row_map.blender.carry
                carry = _host(saved).copy() if store.checkpoint_due(saved.nbytes) else None
                store.write(first, arrays, batch.row + 1, result.counts, carry)
                del carry, arrays  # a row's worth each: not to be held until the next one is there
                done = (batch.row + 1) * columns
            if progress:
                progress(done if batch.last else done + batch.columns[-1] + 1, rows * columns)
    store.finish()
    result.tiles_empty = rows * columns - result.tiles_run - result.tiles_resumed
    return result


def _scored(
    model: SceneModel, plan: MapPlan, batches: Iterable[TileBatch]
) -> Generator[tuple[TileBatch, Any], None, None]:
    """Batches with their (N, K, tile, tile) scores: numpy arrays from a CPU, tensors from a GPU."""
    for batch in batches:
        scores = None if batch.pixels is None else model(batch.pixels)
        expected = (len(batch.columns), model.num_classes, plan.tile, plan.tile)
        if scores is not None and tuple(scores.shape) != expected:
            fix = 'Check the number of classes, and that the network keeps the size of its input.'
            raise ConfigError('output of the network', str(tuple(scores.shape)), str(expected), fix)
        yield batch, scores.numpy() if scores is not None and scores.device.type == 'cpu' else scores


def _host(array: Any) -> NDArray[Any]:
    return array.cpu().numpy() if isinstance(array, Tensor) else array


def _counted(labels: NDArray[Any], before: list[int]) -> list[int]:
    # Compared class by class: on bytes this is many times faster than numpy's bincount.
    return [count + int(np.count_nonzero(labels == index)) for index, count in enumerate(before)]


def best_class(scores: Any) -> tuple[Any, Any]:
    """Highest score and its class, the first of equals, as `argmax` gives it.

    On a CPU `argmax(dim)` and `max(dim)` walk over the classes of one pixel after the other; comparing whole planes
    takes a thirtieth and a third of their time.

    Args:
        scores: (K, rows, columns), a numpy array or a tensor on a GPU.

    Returns:
        Scores (rows, columns), not finite where one of the scores is not a number, and classes: uint8 for K up to 254,
        else int32.
    """
    small = len(scores) <= 254
    if isinstance(scores, Tensor):
        top = scores.max(0)
        return top.values, top.indices.to(torch.uint8 if small else torch.int32)
    best = scores[0].copy()
    labels = np.zeros(best.shape, np.uint8 if small else np.int32)
    higher = np.empty(best.shape, bool)
    number = higher.view(np.uint8) if small else np.empty_like(labels)
    for index, plane in enumerate(scores[1:], 1):
        np.greater(plane, best, out=higher)
        np.multiply(higher.view(np.uint8), labels.dtype.type(index), out=number)
        np.maximum(labels, number, out=labels)  # classes ascend: the later one is the larger number
        np.maximum(best, plane, out=best)
    return best, labels


class _RowMap:
    """Class map (and probabilities) of the row of tiles that is being run.

    Everything is numpy where the network runs on a CPU: blending on one core, it leaves the others to the network, for
    whose threads torch's own would compete.
    """

    def __init__(self, model: SceneModel, plan: MapPlan) -> None:
        self.model, self.plan = model, plan
        device = torch.device(model.device)
        self.on_gpu = device.type != 'cpu'
        self._zeros = partial(torch.zeros, device=device) if self.on_gpu else np.zeros
        grid = plan.grid
        self.blender = Blender(
            grid.row_starts,
            grid.column_starts,
            plan.tile,
            model.num_classes,
            plan.settings['blend'],
            zeros=lambda shape: self._empty(shape, 'float32'),
            convert=(lambda weights: torch.from_numpy(weights).to(device)) if self.on_gpu else None,
        )
        width = grid.column_starts[-1] + plan.tile
        self.labels = self._empty((plan.tile, width), 'uint8' if plan.nodata == 255 else 'int32')
        kind = plan.settings['probabilities']
        shape, dtype = (model.num_classes, plan.tile, width), 'uint8' if kind == 'percent' else 'float32'
        self.probabilities = None if kind is None else self._empty(shape, dtype)
        self.check: Any = 0.0  # finite as long as all scores are
        self.next_column = 0

    def _empty(self, shape: tuple[int, ...], dtype: str) -> Any:
        return self._zeros(shape, dtype=getattr(torch if self.on_gpu else np, dtype))

    def load_carry(self, carry: NDArray[np.float32]) -> None:
        """Takes up the carry of an interrupted run."""
        self.blender.carry[:] = torch.from_numpy(carry) if self.on_gpu else carry

    def add(self, batch: TileBatch, scores: Any) -> None:
        """Blends a batch of tiles, and those that were left out before them."""
        for column, score in zip(batch.columns, () if scores is None else scores, strict=True):
            self._skip_to(batch.row, column)
            self._blend(batch.row, column, score)
        if batch.last:
            self._skip_to(batch.row, len(self.blender.columns))

    def finish(self, batch: TileBatch) -> dict[str, NDArray[Any]]:
        """Rows that have become final, as (bands, rows, columns); starts the next row of tiles."""
        if not isfinite(self.check):
            found = f'scores that are not finite in row {batch.row} of tiles'
            raise RasterError(self.plan.scene.path, found, 'numbers', 'Check the weights, or map it without --bf16.')
        first, stop = self.plan.grid.final_rows(batch.row)
        size = np.s_[: stop - first, : self.plan.grid.width]
        labels = _host(self.labels[size]).astype(self.plan.dtype)
        arrays = {'classes': labels[None]}
        if batch.valid is not None:
            labels[~batch.valid] = self.plan.nodata
        if self.probabilities is not None:
            shares = _host(self.probabilities[:, size[0], size[1]]).copy()
            if batch.valid is not None:
                shares[:, ~batch.valid] = NO_PERCENT if shares.dtype == np.uint8 else np.nan
            arrays['probabilities'] = shares
        self.next_column = 0
        return arrays

    def _skip_to(self, row: int, column: int) -> None:
        while self.next_column < column:
            self._blend(row, self.next_column, None)

    def _blend(self, row: int, column: int, score: Any | None) -> None:
        block = self.blender.add(row, column, score)
        start = self.blender.columns[column]
        area = np.s_[: block.shape[1], start : start + block.shape[2]]
        best, labels = best_class(block)
        self.labels[area] = labels
        self.check = self.check + best.sum()
        if self.probabilities is not None:
            shares = torch.as_tensor(block).softmax(0)
            if self.probabilities.dtype in (np.uint8, torch.uint8):
                shares = (shares * 100).round_().to(torch.uint8)
            self.probabilities[:, area[0], area[1]] = shares if self.on_gpu else shares.numpy()
        self.next_column = column + 1
