"""Feature maps on disk: one safetensors file a sample, complete or absent, bounded in size, shared by processes."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import time
import uuid
import zlib
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock, Timeout
from mmengine.logging import print_log
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from mmrs.errors import ConfigError

SUFFIX = '.safetensors'
# A temporary file of that age belongs to a process that was killed, seconds.
ABANDONED = 3600.0
LOCK_TIMEOUT = 10.0


class FeatureStore:
    """Sequences of tensors by key in a folder.

    Reading never fails: what is absent or damaged is None. Writing fails once: the store then says why, stays readable
    and takes nothing more.

    Args:
        folder: Made if it is not there. Several processes and runs may share it.
        max_bytes: Size of all files together that is not exceeded.

    Attributes:
        hits: Samples that were found.
        misses: Samples that were not.
        stored: Samples that this process wrote.
        full: Why nothing more is stored; None while it is.

    Raises:
        ConfigError: The folder cannot be made or written to, or the size is no positive number.
    """

    def __init__(self, folder: str | os.PathLike[str], max_bytes: int) -> None:
        self.folder, self.max_bytes = Path(folder).expanduser().absolute(), max_bytes
        if max_bytes <= 0:
            raise ConfigError('max_bytes', f'{max_bytes}', 'a positive number of bytes', 'Correct the backbone entry.')
        self.hits, self.misses, self.stored = 0, 0, 0
        self.full: str | None = None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._lock():
                self._recount()
        except (OSError, Timeout) as error:
            reason = getattr(error, 'strerror', None) or str(error)
            expected = 'a folder to keep features in'
            raise ConfigError(self.folder, reason, expected, 'Choose another cache_dir.') from error

    def get(self, key: str) -> tuple[Tensor, ...] | None:
        """Reads what is stored under a key, on the CPU; None if it is absent or damaged (which the log says)."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        tensors = _decode(data)
        if tensors is None:
            print_log(f'{path}: damaged, computed again', 'current', logging.WARNING)
            self._discard(path, len(data))
        return tensors

    def count(self, found: int, missed: int) -> None:
        """Notes how many samples were found and missed, for :attr:`hits` and :attr:`misses`."""
        self.hits, self.misses = self.hits + found, self.misses + missed

    def put(self, key: str, tensors: Sequence[Tensor]) -> None:
        """Stores tensors under a key, if there is room and nothing there yet."""
        path = self._path(key)
        if self.full is not None or path.exists():
            return
        data = _encode(tensors)
        temporary = path.with_name(f'.{path.name}.{os.getpid()}.{uuid.uuid4().hex}.tmp')
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not self._reserve(len(data)):
                self._stop(f'max_bytes={self.max_bytes} reached')
                return
            temporary.write_bytes(data)
            os.replace(temporary, path)
            self.stored += 1
        except (OSError, Timeout) as error:
            known = isinstance(error, OSError) and error.errno == errno.ENOSPC
            self._stop('the disk is full' if known else getattr(error, 'strerror', None) or str(error))
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _stop(self, reason: str) -> None:
        self.full = reason
        advice = '' if self.hits else ' Nothing was found in it again so far: is there random augmentation?'
        text = f'{self.folder}: no more features are stored ({reason}). What is there is used, the rest is computed.'
        print_log(text + advice, 'current', logging.WARNING)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f'{key}{SUFFIX}'

    def _lock(self) -> FileLock:
        return FileLock(self.folder / '.lock', timeout=LOCK_TIMEOUT)

    @property
    def _ledger(self) -> Path:
        return self.folder / '.bytes'

    def _reserve(self, count: int) -> bool:
        """Adds to the number of bytes that all processes have written, unless that would be too many."""
        with self._lock():
            total = self._total() + count
            if total <= self.max_bytes:
                self._ledger.write_text(str(total))
            return total <= self.max_bytes

    def _discard(self, path: Path, count: int) -> None:
        with contextlib.suppress(OSError, Timeout), self._lock():
            path.unlink()
            self._ledger.write_text(str(max(0, self._total() - count)))

    def _total(self) -> int:
        try:
            return int(self._ledger.read_text())
        except (OSError, ValueError):  # deleted, or cut short by a full disk
            return self._recount()

    def _recount(self) -> int:
        """Counts what is there, removes what killed processes left, and writes the number down."""
        total, now = 0, time.time()
        for path in self.folder.glob(f'??/*{SUFFIX}*'):
            with contextlib.suppress(OSError):  # removed by another process meanwhile
                status = path.stat()
                if path.suffix == '.tmp' and now - status.st_mtime > ABANDONED:
                    path.unlink()
                else:
                    total += status.st_size
        self._ledger.write_text(str(total))
        return total


def _encode(tensors: Sequence[Tensor]) -> bytes:
    """Writes safetensors with a checksum of the values in the header."""
    plain = {f'{index:03d}': tensor.detach().cpu().contiguous() for index, tensor in enumerate(tensors)}
    data = save(plain, metadata={'crc32': '0' * 8})
    start = 8 + int.from_bytes(data[:8], 'little')
    checksum = f'{zlib.crc32(memoryview(data)[start:]):08x}'.encode()
    return data[:start].replace(b'"crc32":"00000000"', b'"crc32":"' + checksum + b'"', 1) + data[start:]


def _decode(data: bytes) -> tuple[Tensor, ...] | None:
    try:
        start = 8 + int.from_bytes(data[:8], 'little')
        header = json.loads(data[8:start])
        if header['__metadata__']['crc32'] != f'{zlib.crc32(memoryview(data)[start:]):08x}':
            return None
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError):
        return None
    return tuple(tensors[name] for name in sorted(tensors))
