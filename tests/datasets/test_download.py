"""Downloads by the record of the publisher: files, checksums, resuming, archives."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mmrs.datasets.catalogue import get
from mmrs.datasets.download import dataset_folder, download_dataset, remote_files
from mmrs.errors import DataError


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as file:
        file.writestr('Nanjing/note.txt', 'hello')
    return buffer.getvalue()


ARCHIVE = archive()


class Handler(BaseHTTPRequestHandler):
    """A record of Zenodo with one archive."""

    def do_GET(self):
        base = f'http://127.0.0.1:{self.server.server_address[1]}'
        checksum = f'md5:{hashlib.md5(ARCHIVE).hexdigest()}'
        item = dict(key='city.zip', size=len(ARCHIVE), checksum=checksum, links=dict(self=f'{base}/city.zip'))
        answers = {'/api/records/17231107': json.dumps({'files': [item]}).encode(), '/city.zip': ARCHIVE}
        content = answers.get(self.path)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def zenodo(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    address = f'http://127.0.0.1:{server.server_address[1]}'
    monkeypatch.setenv('MMRS_ZENODO', address)
    yield address
    server.shutdown()
    server.server_close()
    thread.join()


def test_downloads_checks_and_unpacks(zenodo: str, tmp_path: Path) -> None:
    (file,) = remote_files(get('earthmiss'))
    path = download_dataset(file, tmp_path / 'new', unpack=True)
    assert path.read_bytes() == ARCHIVE and (tmp_path / 'new/Nanjing/note.txt').read_text() == 'hello'
    assert download_dataset(file, tmp_path / 'new') == path
    path.write_bytes(b'damaged')
    with pytest.raises(DataError, match='another checksum'):
        download_dataset(file, tmp_path / 'new')


def test_refusals(zenodo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match='sen1floods11: found no address.*splits/train.txt.*github.com/cloudtostreet'):
        remote_files(get('sen1floods11'))
    monkeypatch.setenv('MMRS_ZENODO', f'{zenodo}/elsewhere')
    with pytest.raises(DataError, match='no answer'):
        remote_files(get('earthmiss'))


def test_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMRS_DATA', '/data')
    assert dataset_folder(get('isaid')) == Path('/data/iSAID')
    monkeypatch.delenv('MMRS_DATA')
    assert dataset_folder(get('isaid')) == Path('data/iSAID')
