"""The folder of released weights: finding, downloading and checking files."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any

from mmrs.errors import MmrsError, WeightsError
from mmrs.weights.catalogue import Entry
from mmrs.weights.files import md5_of, sha256_of

SUFFIXES = ('.safetensors', '.pth', '.pt', '.bin', '.ckpt')
TIMEOUT = 60.0


def weights_folder() -> Path:
    """Folder of released weights: ``MMRS_WEIGHTS``, else ``~/.cache/mmrs/weights``."""
    return Path(os.environ.get('MMRS_WEIGHTS') or '~/.cache/mmrs/weights').expanduser()


def find(entry: Entry) -> Path | None:
    """Finds the file of an entry in the weights folder: ``<entry name>`` or its published name, any usual suffix."""
    candidates = (weights_folder() / f'{stem}{suffix}' for stem in entry.file_stems for suffix in SUFFIXES)
    return next((path for path in candidates if path.is_file()), None)


def fetch(entry: Entry) -> Path:
    """Returns the checked file of an entry, downloading it first where that is possible.

    Raises:
        WeightsError: If the file has to be fetched by hand, the download fails, or the checksum is wrong.
    """
    path = find(entry)
    if path is None:
        path = download(entry)
    check_sha256(path, entry.sha256, entry.name)
    return path


def download(entry: Entry) -> Path:
    """Downloads an entry's file into the weights folder; an interrupted download goes on where it stopped.

    Raises:
        WeightsError: If there is no address, the server refuses, the transfer stops early, or the checksum is wrong.
    """
    from filelock import FileLock

    folder = weights_folder()
    if entry.url is None:
        raise WeightsError(
            entry.name,
            f'no file {entry.name}.pth in {folder} and no address to download it from',
            'the file, fetched by hand',
            f'Get it at {entry.share_page} ({entry.share_note}), then save it as {folder / entry.name}.pth or '
            '.safetensors, or give its path instead of the name.',
        )
    target = folder / entry.url.rsplit('/', 1)[-1]
    _make_folder(folder)
    # The processes of one training run ask at the same time: the first downloads, the others find the file.
    with FileLock(f'{target}.lock'):
        if not target.is_file():
            download_file(entry.url, target, entry.sha256, entry.md5)
    return target


def check_sha256(path: Path, expected: str | None, name: str) -> str | None:
    """Checks a file against a checksum; the result is remembered beside the file as ``<file>.sha256.json``.

    Args:
        path: File.
        expected: Checksum; None only tells what was recorded before.
        name: What the error calls it.

    Returns:
        Checksum that was computed or recorded; None if nothing was expected and nothing recorded.

    Raises:
        WeightsError: If it differs.
    """
    known = recorded_sha256(path)
    if expected is None:
        return known
    found = known or record_sha256(path)
    if found != expected:
        raise WeightsError(path, f'sha256 {found}', f'sha256 {expected} of {name}', 'Delete it and fetch it again.')
    return found


def record_sha256(path: Path) -> str:
    """Computes a checksum and writes it down with the file's size and time, if the folder can be written."""
    found = sha256_of(path)
    try:
        _record(path).write_text(json.dumps({'sha256': found, **_stamp(path)}))
    except OSError:
        pass  # A read-only folder only costs the next reader the computation.
    return found


def recorded_sha256(path: Path) -> str | None:
    """Checksum that was written down for exactly this file (same size and time), if any."""
    try:
        record = json.loads(_record(path).read_text())
        return record['sha256'] if {key: record[key] for key in ('size', 'mtime_ns')} == _stamp(path) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _record(path: Path) -> Path:
    return path.with_name(f'{path.name}.sha256.json')


def _stamp(path: Path) -> dict[str, int]:
    status = path.stat()
    return {'size': status.st_size, 'mtime_ns': status.st_mtime_ns}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WeightsError(
            folder, error.strerror or str(error), 'a folder to write to', 'Set MMRS_WEIGHTS to another one.'
        ) from error


def download_file(
    url: str,
    target: Path,
    sha256: str | None = None,
    md5: str | None = None,
    failure: type[MmrsError] = WeightsError,
    open_url: Callable[..., Any] | None = None,
) -> None:
    """Downloads a file; an interrupted download goes on where it stopped.

    Args:
        url: Address.
        target: Where it appears when it is complete and checked.
        sha256: Checksum; None where none is known.
        md5: Likewise.
        failure: Type of the error.
        open_url: Opens a request instead of ``urllib.request.urlopen``, for addresses that ask for credentials.

    Raises:
        MmrsError: Of type ``failure``: if the server refuses, the transfer stops early, or a checksum is wrong.
    """
    part = target.with_name(f'{target.name}.part')
    tag = part.with_name(f'{part.name}.etag')
    try:
        _transfer(url, part, tag, open_url or urllib.request.urlopen, resumable=bool(sha256 or md5))
    except urllib.error.HTTPError as error:
        raise failure(url, f'HTTP {error.code} {error.reason}', 'a file', 'Try later, or fetch it by hand.') from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, 'reason', None) or error
        raise failure(
            url, f'a broken connection ({reason})', 'a complete download', 'Run it again: it goes on where it stopped.'
        ) from error
    found = sha256_of(part)
    sums = [('sha256', found, sha256)] + ([('md5', md5_of(part), md5)] if md5 else [])
    for kind, got, wanted in sums:
        if wanted is not None and got != wanted:
            part.unlink()
            tag.unlink(missing_ok=True)
            raise failure(url, f'{kind} {got}', f'{kind} {wanted}', 'The download was deleted; try again.')
    tag.unlink(missing_ok=True)
    os.replace(part, target)
    record_sha256(target)


def _transfer(url: str, part: Path, tag: Path, open_url: Callable[..., Any], resumable: bool) -> None:
    """Fetches what is missing of ``part``. ``tag`` holds the server's mark of the file that the part belongs to.

    Without such a mark a part is gone on with only where a checksum will tell (``resumable``).
    """
    headers = {'User-Agent': 'mmrs'}
    if part.is_file() and (resumable or tag.is_file()):
        headers['Range'] = f'bytes={part.stat().st_size}-'
        if tag.is_file():
            headers['If-Range'] = tag.read_text()
    try:
        response = open_url(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: the part is complete already
            raise
        return
    with response:
        resumed = response.status == 206
        if not resumed:
            tag.unlink(missing_ok=True)
            if response.headers.get('ETag'):
                tag.write_text(response.headers['ETag'])
        with open(part, 'ab' if resumed else 'wb') as file:
            _copy(response, file, target_name=part.stem)
            file.flush()
            os.fsync(file.fileno())


def _copy(response: Any, file: IO[bytes], target_name: str) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    length = int(response.headers.get('Content-Length') or 0)
    start = file.tell()
    columns = (TextColumn('{task.description}'), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task(target_name, total=start + length or None, completed=start)
        while block := response.read(2**18):
            file.write(block)
            progress.update(task, advance=len(block))
    if length and file.tell() - start < length:
        raise OSError(f'{file.tell() - start} of {length} bytes came')
