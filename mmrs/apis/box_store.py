"""Boxes of finished rows of tiles on disk, to go on from after a crash."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np

from mmrs.apis.merge_boxes import Boxes
from mmrs.geo.gdal import replacing

KEY = 'key.txt'


class BoxStore:
    """One small file for each finished row of tiles, in a folder beside the outputs.

    The folder appears with the first finished row. Each file appears when it is complete, so that what is there can
    always be used; a damaged one ends the rows that are.

    Args:
        folder: Working folder of one scene.
        key: What the boxes depend on; rows of another key are discarded.
        resume: Keep rows of an earlier run of the same key.

    Attributes:
        rows: For each finished row of tiles its boxes with the column of their tile, and the number of its tiles that
            ran.
        discarded: Whether rows of another run were found and thrown away.
    """

    def __init__(self, folder: Path, key: str, resume: bool = True) -> None:
        self.folder, self.key = folder, key
        self.rows: list[tuple[list[tuple[int, Boxes]], int]] = []
        same = resume and self._key() == key
        self.discarded = folder.exists() and not same
        if self.discarded:
            shutil.rmtree(folder, ignore_errors=True)
        while same and (row := self._read(len(self.rows))) is not None:
            self.rows.append(row)

    def write(self, row: int, found: list[tuple[int, Boxes]], tiles: int) -> None:
        """Puts a finished row of tiles on disk.

        Args:
            row: Row of tiles.
            found: Boxes of each tile, in pixels of the tile, with its column.
            tiles: Tiles that ran.

        Raises:
            RasterError: If it cannot be written.
        """
        if row == 0:
            with replacing(self.folder / KEY) as temporary:
                temporary.write_text(self.key)
        columns = np.repeat([column for column, _ in found], [len(boxes) for _, boxes in found]).astype(np.int64)
        boxes, scores, labels = (
            np.concatenate([getattr(one, name) for _, one in found]) if found else np.empty(0)
            for name in ('boxes', 'scores', 'labels')
        )
        with replacing(self._path(row)) as temporary:
            np.savez(temporary, columns=columns, tiles=tiles, boxes=boxes, scores=scores, labels=labels)

    def close(self) -> None:
        """Removes the folder: everything is in the outputs."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _key(self) -> str | None:
        try:
            return (self.folder / KEY).read_text()
        except OSError:
            return None

    def _path(self, row: int) -> Path:
        return self.folder / f'row-{row:06d}.npz'

    def _read(self, row: int) -> tuple[list[tuple[int, Boxes]], int] | None:
        try:
            with np.load(self._path(row)) as file:
                columns, tiles = file['columns'], int(file['tiles'])
                boxes = Boxes(file['boxes'], file['scores'], file['labels'])
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        return [(int(column), boxes[columns == column]) for column in np.unique(columns)], tiles
