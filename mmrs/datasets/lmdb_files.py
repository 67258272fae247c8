"""Values of LMDB databases, named ``DATABASE.lmdb!KEY``, so that they stand where a file's path does."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any

from mmrs.errors import ConfigError, DataError

MARK = '.lmdb!'
_OPENED: dict[str, tuple[int, Any]] = {}  # process and environment by path
# What loaders write beside the values: no images.
BOOKKEEPING = ('length', '__len__', '__keys__', 'num-samples', 'meta_info')


def is_value(name: str | os.PathLike[str]) -> bool:
    """Whether a name is that of a value in a database.

    Args:
        name: Path or name.
    """
    return MARK in os.fspath(name)


def list_values(path: str | os.PathLike[str]) -> Iterator[tuple[str, str]]:
    """Key and name of every value, in the order of the database, which is that of the bytes of its keys.

    Args:
        path: The database, a folder or a file; its name ends in ``.lmdb``.

    Raises:
        DataError: If it cannot be read, or a key is no text.
        ConfigError: If the package lmdb is not installed.
    """
    with _database(path).begin() as transaction:
        for raw in transaction.cursor().iternext(values=False):
            try:
                key = bytes(raw).decode()
            except UnicodeDecodeError as error:
                fix = 'Write it again with texts as keys.'
                raise DataError(path, f'the key {bytes(raw)!r}', 'keys that are texts', fix) from error
            if key not in BOOKKEEPING:
                yield key, f'{os.fspath(path)}!{key}'


def read_value(name: str | os.PathLike[str]) -> bytes:
    """A value.

    Args:
        name: ``DATABASE.lmdb!KEY``.

    Raises:
        DataError: If the database cannot be read or has no such key.
        ConfigError: If the package lmdb is not installed.
    """
    folder, key = os.fspath(name).split(MARK, 1)
    with _database(f'{folder}{MARK[:-1]}').begin() as transaction:
        value = transaction.get(key.encode())
    if value is None:
        raise DataError(name, 'no such key', 'a key of the database', 'Correct the name, or restore the database.')
    return bytes(value)


def _database(path: str | os.PathLike[str]) -> Any:
    """A database, opened once in each process: what was opened before a fork is of no use after it."""
    name, process = os.path.abspath(path), os.getpid()
    owner, database = _OPENED.get(name, (process, None))
    if database is not None and owner != process:
        database.close()
        database = None
    if database is None:
        database = _open(name)
        _OPENED[name] = (process, database)
    return database


def _open(path: str) -> Any:
    try:
        lmdb = importlib.import_module('lmdb')
    except ImportError as error:
        raise ConfigError(
            'lmdb', f'no such package ({error})', 'the extra "data"', "pip install 'mmrs[data]'"
        ) from error
    try:
        # No lock file: archives lie on read-only disks, and nobody writes to them meanwhile. No read-ahead: values
        # are taken in any order.
        return lmdb.open(path, subdir=os.path.isdir(path), readonly=True, lock=False, readahead=False)
    except lmdb.Error as error:
        fix = 'Check the path; copy or download it again.'
        raise DataError(path, f'no readable database ({error})', 'an LMDB folder or file', fix) from error
