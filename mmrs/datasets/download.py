"""Downloads the files of a dataset from its record on zenodo.org, with the checksums that the record gives."""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from mmrs.datasets.catalogue.records import Dataset
from mmrs.errors import DataError
from mmrs.weights.files import md5_of
from mmrs.weights.store import TIMEOUT, download_file

ARCHIVES = ('.zip', '.tar', '.tar.gz', '.tgz', '.tar.bz2', '.tar.xz')


@dataclass(frozen=True)
class RemoteFile:
    """One file of a record.

    Attributes:
        name: Its name.
        url: Its address.
        size: Bytes.
        md5: Checksum; None where the record gives another kind.
    """

    name: str
    url: str
    size: int
    md5: str | None


def dataset_folder(dataset: Dataset) -> Path:
    """Where configs look for a dataset: its folder below ``MMRS_DATA``, else below ``data``."""
    return Path(os.environ.get('MMRS_DATA') or 'data') / dataset.folder


def remote_files(dataset: Dataset) -> list[RemoteFile]:
    """Asks the record of a dataset for its files.

    ``MMRS_ZENODO`` names a mirror of https://zenodo.org.

    Raises:
        DataError: If the dataset has no record, or it cannot be read.
    """
    if dataset.zenodo is None:
        where = f' at {dataset.page}' if dataset.page else ''
        fix = f'By hand: {dataset.by_hand}{where}. `mmrs data info {dataset.name}` shows the folders.'
        raise DataError(dataset.name, 'no address to download it from', 'the data, fetched by hand', fix)
    url = f'{(os.environ.get("MMRS_ZENODO") or "https://zenodo.org").rstrip("/")}/api/records/{dataset.zenodo}'
    try:
        request = urllib.request.Request(url, headers={'User-Agent': 'mmrs', 'Accept': 'application/json'})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            content = json.loads(response.read())
        return [_remote(item) for item in content['files']]
    except (OSError, HTTPException) as error:
        reason = getattr(error, 'reason', None) or error
        raise DataError(url, f'no answer ({reason})', 'the record of the dataset', 'Try again later.') from error
    except (ValueError, KeyError, TypeError) as error:
        fix = f'Fetch it by hand at {dataset.page}.'
        raise DataError(url, f'no list of files ({error!r})', 'the record of the dataset', fix) from error


def _remote(item: dict) -> RemoteFile:
    kind, _, checksum = str(item.get('checksum') or '').partition(':')
    name = Path(str(item['key'])).name
    return RemoteFile(name, str(item['links']['self']), int(item['size']), checksum if kind == 'md5' else None)


def download_dataset(file: RemoteFile, folder: Path, unpack: bool = False) -> Path:
    """Downloads one file; an interrupted download goes on where it stopped, a complete one is checked and kept.

    Args:
        file: What to download.
        folder: Where to.
        unpack: Extract it there, if it is an archive.

    Raises:
        DataError: If the folder cannot be written, the transfer fails, or the checksum is wrong.
    """
    from filelock import FileLock

    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fix = 'Give another folder.'
        raise DataError(folder, error.strerror or str(error), 'a folder to write to', fix) from error
    with FileLock(f'{target}.lock'):
        if not target.is_file():
            download_file(file.url, target, md5=file.md5, failure=DataError)
        elif file.md5 is not None and md5_of(target) != file.md5:
            raise DataError(target, 'another checksum', f'md5 {file.md5}', 'Delete it and download it again.')
    if unpack and file.name.lower().endswith(ARCHIVES):
        try:
            shutil.unpack_archive(target, folder)
        except (OSError, ValueError, shutil.ReadError) as error:
            raise DataError(target, f'no readable archive ({error})', 'an archive', 'Unpack it by hand.') from error
    return target
