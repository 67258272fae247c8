"""Finished rows of a scene on disk, and what is needed to go on from them after a crash."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mmrs.errors import RasterError
from mmrs.geo.spool import RasterSpool

# Bytes of carry a second: saving it after every row would cost a light network a tenth of its speed. A network that
# takes more than a second for 25 MB of carry saves every row.
CARRY_RATE = 25e6


class ProgressStore:
    """Spools of finished rows plus the blender's carry, written by a thread of their own.

    A checkpoint is a row of tiles after which everything is on disk: the finished rows and the overlap that the next
    row of tiles builds on. Each row of tiles becomes one unless the last is too young (`CARRY_RATE`) or the disk falls
    behind the model; then the rows since the last checkpoint are computed again after a crash. Two files hold the
    carry in turn, so that one of them is always whole.

    Args:
        folder: Working folder of one scene.
        key: What the rows depend on; rows of another key are discarded.
        rows: (bands, height, width, dtype) of each spool by name; the first one's journal is the last to be written.
        resume: Keep rows of an earlier run of the same key.

    Attributes:
        next_row: Row of tiles to go on with.
        counts: Pixels of each class in the rows above it; empty at the start.
        discarded: Whether rows of another run were found and thrown away.
    """

    def __init__(
        self, folder: Path, key: str, rows: dict[str, tuple[int, int, int, DTypeLike]], resume: bool = True
    ) -> None:
        self.folder = folder
        self._journal = folder / next(iter(rows)) / 'journal.json'
        existed = self._journal.is_file()
        self.spools = {name: RasterSpool(folder / name, *shape, key=key, resume=resume) for name, shape in rows.items()}
        self._main = next(iter(self.spools.values()))
        state = self._main.state.get('checkpoint') or {}
        self.next_row = int(state.get('next_row', 0))
        self.counts = [int(count) for count in state.get('counts', [])]
        self.discarded = existed and not self._main.rows_done
        self._checkpoint: dict[str, Any] = state
        self._writer = ThreadPoolExecutor(1, 'mmrs-write')
        self._pending: list[Future[None]] = []
        self._last_checkpoint = time.monotonic()

    @property
    def busy(self) -> bool:
        """Whether the disk is behind."""
        return any(not future.done() for future in self._pending)

    def checkpoint_due(self, carry_bytes: int) -> bool:
        """Whether the next row of tiles should become a checkpoint.

        Args:
            carry_bytes: Size of its carry.
        """
        return not self.busy and time.monotonic() - self._last_checkpoint >= carry_bytes / CARRY_RATE

    def carry(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The carry of the checkpoint.

        Args:
            shape: Its shape.

        Raises:
            RasterError: If the file is gone or of another size.
        """
        path = self._carry_path(self._checkpoint.get('slot', 0))
        try:
            return np.fromfile(path, np.float32).reshape(shape)
        except (OSError, ValueError) as error:
            fix = 'Start this scene anew with --no-resume.'
            raise RasterError(path, 'no usable carry of an interrupted run', str(shape), fix) from error

    def write(
        self,
        row_start: int,
        rows: dict[str, NDArray[Any]],
        next_row: int,
        counts: list[int],
        carry: NDArray[np.float32] | None,
    ) -> None:
        """Hands finished rows to the writing thread; waits while two such hand-overs are unfinished.

        Args:
            row_start: First raster row.
            rows: (bands, rows, columns) for each spool.
            next_row: Row of tiles that comes next.
            counts: Pixels of each class so far.
            carry: A copy of the blender's carry, which makes this a checkpoint; None: no checkpoint.

        Raises:
            RasterError: If an earlier hand-over could not be written.
        """
        while len(self._pending) > 1:
            self._pending.pop(0).result()
        if carry is not None:
            self._last_checkpoint = time.monotonic()
        self._pending.append(self._writer.submit(self._write, row_start, rows, next_row, counts, carry))

    def finish(self) -> None:
        """Waits until everything is on disk.

        Raises:
            RasterError: If it could not be written.
        """
        while self._pending:
            self._pending.pop(0).result()

    def close(self, delete: bool = False) -> None:
        """Ends the writing thread.

        Args:
            delete: Remove the working folder too. One without a finished row is no use and always goes.
        """
        self._writer.shutdown(wait=True)
        for spool in self.spools.values():
            spool.close()
        if delete or not self._journal.is_file():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _carry_path(self, slot: int) -> Path:
        return self.folder / f'carry.{slot}.bin'

    def _write(
        self,
        row_start: int,
        rows: dict[str, NDArray[Any]],
        next_row: int,
        counts: list[int],
        carry: NDArray[np.float32] | None,
    ) -> None:
        # After a crash between checkpoints a spool may be ahead; the same rows come again and are dropped. The carry
        # then has to wait as well: the journal on disk still names the other one.
        if carry is not None and row_start >= self._main.rows_done:
            slot = 1 - self._checkpoint.get('slot', 1)
            self._write_carry(carry, slot)
            self._checkpoint = {'next_row': next_row, 'counts': counts, 'slot': slot}
        # The first spool's journal names the checkpoint: it comes last.
        for name, spool in reversed(self.spools.items()):
            if row_start >= spool.rows_done:
                spool.write(row_start, rows[name], {'checkpoint': self._checkpoint})

    def _write_carry(self, carry: NDArray[np.float32], slot: int) -> None:
        path = self._carry_path(slot)
        try:
            with open(path, 'wb', buffering=0) as file:
                # Flat: numpy gives no byte view of the empty carry of scenes with one row of tiles.
                view = memoryview(np.ascontiguousarray(carry).reshape(-1).view(np.uint8))  # type: ignore[arg-type]
                while view:
                    view = view[file.write(view) :]
                os.fsync(file.fileno())
        except OSError as error:
            fix = 'Free space or choose another folder, then run the same command to go on.'
            raise RasterError(path, f'a failed write ({error.strerror})', 'space to write to', fix) from error
