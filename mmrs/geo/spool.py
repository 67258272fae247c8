"""Rows of a growing raster on disk, appended in order and recoverable after a crash."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mmrs.geo.gdal import cannot_write
from mmrs.geo.raw import RawRaster

FORMAT = 1


class RasterSpool:
    """Uncompressed rows of all bands in a folder; ``write_cog`` turns them into a GeoTIFF.

    Rows are synced to disk before the journal that counts them, and the journal is replaced in one step, so after a
    crash or a power cut ``rows_done`` never counts rows that are not there.

    Args:
        folder: Where rows and journal lie; made if it is missing.
        count: Bands.
        height: Rows of the finished raster.
        width: Columns.
        dtype: Of the pixels.
        key: What the rows depend on (scene, weights, settings), for example a hash. Rows of another key, size or
            dtype are discarded.
        resume: Keep rows that an earlier, equal spool left in the folder.

    Attributes:
        raw: The rows as a raster.
        rows_done: Rows that are safe on disk.
        state: Small JSON-able data stored with the journal by ``write``, as of ``rows_done``.

    Raises:
        RasterError: If the folder cannot be written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        count: int,
        height: int,
        width: int,
        dtype: DTypeLike,
        key: str = '',
        resume: bool = False,
    ) -> None:
        self.folder, self.count, self.height, self.width = Path(folder), count, height, width
        self.dtype = np.dtype(dtype)
        self.raw = RawRaster(self.path, count, height, width, self.dtype)
        self.rows_done = 0
        self.state: dict[str, Any] = {}
        self._identity = {
            'format': FORMAT,
            'shape': [count, height, width],
            'dtype': self.dtype.str,
            'key': key,
        }
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if resume:
                self._recover()
            self._file = open(self.path, 'r+b' if self.rows_done else 'w+b', buffering=0)
            self._file.truncate(self.rows_done * self.raw.row_bytes)
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    @property
    def path(self) -> Path:
        """File of the pixels: for each row, the row of every band."""
        return self.folder / 'rows.bin'

    @property
    def journal(self) -> Path:
        """File that says how many rows are safe."""
        return self.folder / 'journal.json'

    def write(self, row_start: int, rows: NDArray[Any], state: dict[str, Any] | None = None) -> None:
        """Appends rows; they are safe on disk when this returns.

        Args:
            row_start: Raster row of the first one: always ``rows_done``.
            rows: (bands, rows, columns), of the spool's dtype.
            state: Replaces ``state``: whatever the caller needs at this row to go on later (counts, for example).

        Raises:
            ValueError: If rows are missing, repeated or of another shape or dtype.
            RasterError: If the disk is full or the file cannot be written.
        """
        if row_start != self.rows_done or row_start + rows.shape[1] > self.height:
            raise ValueError(f'rows {row_start}+{rows.shape[1]} do not follow {self.rows_done} of {self.height}')
        if rows.dtype != self.dtype or rows.shape[::2] != (self.count, self.width):
            raise ValueError(f'rows {rows.dtype} {rows.shape} are not {self.dtype} ({self.count}, n, {self.width})')
        interleaved = np.ascontiguousarray(rows.transpose(1, 0, 2)).data.cast('B')
        try:
            _write_all(self._file, interleaved, row_start * self.raw.row_bytes)
            os.fsync(self._file.fileno())
            done, state = row_start + rows.shape[1], self.state if state is None else state
            self._record(done, state)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        self.rows_done, self.state = done, state

    def close(self) -> None:
        """Closes the file and keeps it, to be resumed."""
        self._file.close()

    def delete(self) -> None:
        """Removes the spool and its folder."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _recover(self) -> None:
        try:
            record = json.loads(self.journal.read_text(encoding='utf-8'))
            body, checksum = record['journal'], record['crc32']
        except (OSError, ValueError, TypeError, KeyError):
            return
        if checksum != _checksum(body) or body['identity'] != self._identity:
            return
        if self.path.is_file() and self.path.stat().st_size >= body['rows_done'] * self.raw.row_bytes:
            self.rows_done, self.state = body['rows_done'], body['state']

    def _record(self, rows_done: int, state: dict[str, Any]) -> None:
        body = {'identity': self._identity, 'rows_done': rows_done, 'state': state}
        temporary = self.journal.with_suffix('.tmp')
        with open(temporary, 'w', encoding='utf-8') as file:
            json.dump({'journal': body, 'crc32': _checksum(body)}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.journal)


def _checksum(body: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(body, sort_keys=True).encode())


def _write_all(file: FileIO, data: memoryview, offset: int) -> None:
    file.seek(offset)
    while data:
        data = data[file.write(data) :]
