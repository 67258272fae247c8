from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mmrs.errors import WeightsError
from mmrs.weights.catalogue import Entry, get
from mmrs.weights.store import check_sha256, download, fetch, find, record_sha256, recorded_sha256

CONTENT = bytes(range(256)) * 400


class Handler(BaseHTTPRequestHandler):
    """A file server with ranges; the test says where a transfer breaks."""

    content = CONTENT
    break_after: int | None = None
    requests: list[dict[str, str]] = []

    def do_GET(self):
        type(self).requests.append(dict(self.headers))
        if self.path.endswith('absent.pth'):
            self.send_error(404)
            return
        etag = f'"{hashlib.md5(self.content).hexdigest()}"'
        start = 0
        if 'Range' in self.headers and self.headers.get('If-Range') == etag:
            start = int(self.headers['Range'].removeprefix('bytes=').rstrip('-'))
            if start >= len(self.content):
                self.send_error(416)
                return
        self.send_response(206 if start else 200)
        self.send_header('Content-Length', str(len(self.content) - start))
        self.send_header('ETag', etag)
        self.end_headers()
        self.wfile.write(self.content[start : self.break_after])

    def log_message(self, *_):
        pass


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> type[Handler]:
    fresh = type('FreshHandler', (Handler,), {'requests': []})
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    return fresh


@pytest.fixture
def address(handler: type[Handler]) -> Iterator[str]:
    server = ThreadingHTTPServer(('127.0.0.1', 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f'http://127.0.0.1:{server.server_address[1]}'
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def entry(address: str) -> Entry:
    return replace(get('dinov2-small'), url=f'{address}/tiny.pth', sha256=hashlib.sha256(CONTENT).hexdigest())


def files_in(folder) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != '.lock'}


def test_download_and_then_no_second_one(entry, handler, weights_folder):
    path = fetch(entry)
    assert path == weights_folder / 'tiny.pth'
    assert path.read_bytes() == CONTENT
    assert fetch(entry) == path
    assert len(handler.requests) == 1
    assert files_in(weights_folder) == {'tiny.pth', 'tiny.pth.sha256.json'}


def test_a_broken_transfer_goes_on_where_it_stopped(entry, handler, weights_folder):
    handler.break_after = 50_000
    with pytest.raises(WeightsError, match='goes on where it stopped'):
        fetch(entry)
    assert not (weights_folder / 'tiny.pth').exists()
    assert (weights_folder / 'tiny.pth.part').stat().st_size == 50_000
    handler.break_after = None
    assert fetch(entry).read_bytes() == CONTENT
    assert handler.requests[-1]['Range'] == 'bytes=50000-'
    assert files_in(weights_folder) == {'tiny.pth', 'tiny.pth.sha256.json'}


def test_a_file_that_changed_meanwhile_is_fetched_anew(entry, handler):
    handler.break_after = 50_000
    with pytest.raises(WeightsError):
        fetch(entry)
    handler.break_after, handler.content = None, CONTENT[::-1]
    entry = replace(entry, sha256=hashlib.sha256(CONTENT[::-1]).hexdigest())
    assert fetch(entry).read_bytes() == CONTENT[::-1]


def test_a_part_that_is_complete_already(entry, handler, weights_folder):
    weights_folder.mkdir()
    (weights_folder / 'tiny.pth.part').write_bytes(CONTENT)
    (weights_folder / 'tiny.pth.part.etag').write_text(f'"{hashlib.md5(CONTENT).hexdigest()}"')
    assert fetch(entry).read_bytes() == CONTENT


def test_wrong_hash_leaves_nothing(entry, weights_folder):
    with pytest.raises(WeightsError, match='sha256') as caught:
        fetch(replace(entry, sha256='0' * 64))
    assert hashlib.sha256(CONTENT).hexdigest() in caught.value.found
    assert files_in(weights_folder) == set()


def test_not_found_and_no_server(entry, address, weights_folder):
    with pytest.raises(WeightsError, match='HTTP 404'):
        fetch(replace(entry, url=f'{address}/absent.pth'))
    with pytest.raises(WeightsError, match='a broken connection'):
        fetch(replace(entry, url='http://127.0.0.1:9/tiny.pth'))
    assert files_in(weights_folder) == set()


def test_an_entry_without_checksum_records_its_own(entry, weights_folder):
    path = fetch(replace(entry, sha256=None))
    assert recorded_sha256(path) == hashlib.sha256(CONTENT).hexdigest()


def test_two_at_once_download_once(entry, handler):
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(fetch(entry))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert len(handler.requests) == 1


def test_by_hand_says_where_to_get_it_and_where_to_put_it(weights_folder):
    with pytest.raises(WeightsError) as caught:
        download(get('cgeartheye-giant-518'))
    for told in ('pan.baidu.com', 'cgwx', str(weights_folder / 'cgeartheye-giant-518.pth')):
        assert told in str(caught.value)


@pytest.mark.parametrize('name', ['dinov2-small.pth', 'dinov2-small.safetensors', 'dinov2_vits14_pretrain.pth'])
def test_a_file_put_there_by_hand_is_found_and_its_checksum_checked(weights_folder, name):
    weights_folder.mkdir()
    (weights_folder / name).write_bytes(b'other bytes')
    assert find(get('dinov2-small')) == weights_folder / name
    with pytest.raises(WeightsError, match='fetch it again'):
        fetch(get('dinov2-small'))


def test_a_record_holds_only_for_the_file_as_it_was(tmp_path):
    path = tmp_path / 'a.pth'
    path.write_bytes(b'one')
    first = record_sha256(path)
    assert recorded_sha256(path) == check_sha256(path, None, 'a') == first
    path.write_bytes(b'other')
    assert recorded_sha256(path) is None
    assert check_sha256(path, hashlib.sha256(b'other').hexdigest(), 'a') != first
    (tmp_path / 'a.pth.sha256.json').write_text('not json')
    assert recorded_sha256(path) is None


def test_an_unwritable_folder(monkeypatch, tmp_path, entry):
    (tmp_path / 'file').write_text('')
    monkeypatch.setenv('MMRS_WEIGHTS', str(tmp_path / 'file' / 'weights'))
    with pytest.raises(WeightsError, match='MMRS_WEIGHTS'):
        fetch(entry)
