"""Files of STAC items: which, under which names, and whether they are whole."""

from __future__ import annotations

import re
import urllib.parse
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from mmrs.datasets.layout import Problem
from mmrs.datasets.stac.search import Item
from mmrs.datasets.stac.session import Session
from mmrs.errors import DataError
from mmrs.weights.files import md5_of, sha256_of
from mmrs.weights.store import download_file

MULTIHASHES = {'1220': 'sha256', 'd50110': 'md5'}  # codes before a checksum: kind and length
BROKEN = 'a broken connection'  # how download_file begins where another attempt may help


@dataclass(frozen=True)
class Remote:
    """A file to download.

    Attributes:
        url: Address.
        name: Under which it is saved.
        size: Bytes, None where unknown.
        sha256: Checksum, likewise.
        md5: Likewise.
    """

    url: str
    name: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None


def files_of(item: Item, keys: Sequence[str] = ()) -> list[Remote]:
    """Files of an item.

    Args:
        item: From :func:`mmrs.datasets.stac.search.search`.
        keys: Its assets that are wanted; empty takes ``product``, the whole product in one file.

    Raises:
        DataError: If it lacks one, or one has no address that can be asked by HTTP.
    """
    there = {key.lower(): key for key in item.assets}
    found = []
    for key in keys or ('product',):
        if key.lower() not in there:
            fix = 'Name some of them: --assets.'
            raise DataError(item.name, f'assets {", ".join(sorted(item.assets))}', key, fix)
        asset = item.assets[there[key.lower()]]
        url = _address(asset, item.name, key)
        whole = key.lower() == 'product'
        suffix = ''.join(Path(urllib.parse.urlsplit(url).path).suffixes[-1:]) or ('.zip' if whole else '')
        suffix = '.zip' if whole and suffix.lower() not in ('.zip', '.tar', '.gz') else suffix
        stem = item.name if whole else f'{item.name}_{key}'
        name = re.sub(r'[^\w.-]', '_', stem).lstrip('.')  # what a server says is no path here
        name = name if name.endswith(suffix) else f'{name}{suffix}'
        found.append(Remote(url, name, _size(asset), **_checksum(asset)))
    return found


def _address(asset: Any, name: str, key: str) -> str:
    """An address for HTTP: the asset's own, or one of its alternatives."""
    asset = asset if isinstance(asset, Mapping) else {}
    others = asset.get('alternate') if isinstance(asset.get('alternate'), Mapping) else {}
    addresses = [asset.get('href'), *(each.get('href') for each in others.values() if isinstance(each, Mapping))]
    for url in addresses:
        if isinstance(url, str) and urllib.parse.urlsplit(url).scheme in ('http', 'https'):
            return url
    raise DataError(f'{name}: {key}', f'the address {addresses[0]}', 'one for HTTP', 'Download it with other tools.')


def _size(asset: Mapping[str, Any]) -> int | None:
    size = asset.get('file:size')
    return size if isinstance(size, int) and size >= 0 else None


def _checksum(asset: Mapping[str, Any]) -> dict[str, str]:
    """A multihash in hexadecimal digits, of the kinds that are known here."""
    text = str(asset.get('file:checksum') or asset.get('checksum:multihash') or '').lower()
    return {kind: text[len(code) :] for code, kind in MULTIHASHES.items() if text.startswith(code)}


def fetch(session: Session, file: Remote, folder: Path) -> bool:
    """Downloads one file; what came of an earlier attempt is gone on with, a whole file is kept.

    Args:
        session: Sends requests.
        file: What to download.
        folder: Where to.

    Returns:
        Whether it was downloaded; False where it was there.

    Raises:
        DataError: If it cannot be had, or is not what the catalogue says.
    """
    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(folder, error.strerror or str(error), 'a folder to write to', 'Name another.') from error
    with FileLock(f'{target}.lock'):
        if target.is_file():
            _check(file, target)
            return False
        for attempt in range(1, session.attempts + 1):
            try:
                download_file(file.url, target, file.sha256, file.md5, DataError, session.open)
                break
            except DataError as error:
                if not error.found.startswith(BROKEN) or attempt == session.attempts:
                    raise
                session.wait(attempt)
        _check_download(file, target)
    return True


def _check_download(file: Remote, path: Path) -> None:
    """Refuses what came instead of the file, such as a page that asks for a password."""
    size = path.stat().st_size
    found, expected = f'{size:,} bytes', f'{file.size or 0:,} bytes'
    if file.size in (None, size):
        if path.suffix.lower() != '.zip' or zipfile.is_zipfile(path):
            return
        found, expected = f'{size:,} bytes that are no zip', 'a zip'
    path.unlink()
    raise DataError(file.url, found, expected, 'The download was deleted. Check the credentials and try again.')


def _check(file: Remote, path: Path) -> None:
    fix = 'Delete it and run the command again.'
    if file.size is not None and path.stat().st_size != file.size:
        raise DataError(path, f'{path.stat().st_size:,} bytes', f'{file.size:,} bytes', fix)
    for kind, wanted, compute in (('sha256', file.sha256, sha256_of), ('md5', file.md5, md5_of)):
        if wanted is not None and (found := compute(path)) != wanted:
            raise DataError(path, f'{kind} {found}', f'{kind} {wanted}', fix)


def fetch_all(
    session: Session,
    files: Sequence[Remote],
    folder: Path,
    threads: int = 2,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[int, list[Problem]]:
    """Downloads files; one that fails stops none of the others.

    Args:
        session: Sends requests.
        files: What to download.
        folder: Where to.
        threads: Files at once.
        progress: Called with the number of files done and in all.

    Returns:
        Files that were downloaded, and what is wrong with those that were not.
    """
    done, problems = 0, []

    def one(file: Remote) -> bool | DataError:
        try:
            return fetch(session, file, folder)
        except DataError as error:
            return error

    with ThreadPoolExecutor(max_workers=max(1, threads)) as pool:
        for number, (file, outcome) in enumerate(zip(files, pool.map(one, files), strict=True), 1):
            if isinstance(outcome, DataError):
                problems.append(Problem('download', file.name, str(outcome)))
            else:
                done += outcome
            progress(number, len(files))
    return done, problems
