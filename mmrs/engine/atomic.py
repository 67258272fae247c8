"""Files that are either the old one or the new one, never half of each."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from mmrs.errors import WeightsError
from mmrs.weights.files import replacing


def write_atomic(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes to a temporary name in the same folder, syncs it to disk and renames it.

    A crash, a kill or a power cut at any moment leaves the previous file under ``path``.

    Args:
        path: Final name; its folder is created.
        data: Content.

    Raises:
        WeightsError: The disk is full, the folder cannot be written, or the like. Nothing is left behind.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(data)
        _sync_folder(path.parent)
    except (OSError, WeightsError) as error:
        reason = error.found if isinstance(error, WeightsError) else error.strerror or str(error)
        fix = 'Free space or choose another --work-dir; older checkpoints are intact, so continue with --resume.'
        expected = f'room for {len(data) / 2**20:.1f} MiB in {path.parent}'
        raise WeightsError(path, f'that it cannot be written ({reason})', expected, fix) from error


def remove_leftovers(folder: str | os.PathLike[str]) -> None:
    """Deletes what a killed run was writing. Call it where no other process writes to the folder."""
    for path in Path(folder).glob('.*.pth.*.tmp'):
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Makes the rename itself survive a power cut; some network file systems refuse, which is harmless."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@register_backend('mmrs_atomic', force=True)
class AtomicBackend(LocalBackend):
    """mmengine's local file backend with atomic writes: ``backend_args=dict(backend='mmrs_atomic')``."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Writes bytes; see :func:`write_atomic`."""
        write_atomic(filepath, obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Writes text; see :func:`write_atomic`."""
        write_atomic(filepath, obj.encode(encoding))
