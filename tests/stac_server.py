"""A small STAC catalogue on this machine: pages, tokens, files in pieces, and all that goes wrong."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import urllib.parse
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def product(number: int) -> bytes:
    """A zip."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        archive.writestr('note.txt', f'product {number} ' * 4000)
    return file.getvalue()


class Server(ThreadingHTTPServer):
    """What the server knows, and what it was asked.

    Attributes:
        files: Content by path.
        asked: (method, path, Authorization, Range) of every request.
        searches: Bodies of the searches.
        fail: Times that a path still answers 503, by path.
        cut: Times that a path still breaks off in the middle, by path.
        tokens: Tokens that were given; only the last one is good.
        moved: Paths that lead to another address.
        pages: Whether the next page is asked for by POST.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), Handler)
        self.files = {f'/files/{number}.zip': product(number) for number in range(5)}
        self.asked: list[tuple[str, str, str, str]] = []
        self.searches: list[dict] = []
        self.fail: Counter[str] = Counter()
        self.cut: Counter[str] = Counter()
        self.tokens: list[str] = []
        self.moved: dict[str, str] = {}
        self.secret, self.post_pages = False, True

    @property
    def url(self) -> str:
        return f'http://127.0.0.1:{self.server_address[1]}'

    def items(self) -> list[dict]:
        found = []
        for number, (path, content) in enumerate(self.files.items()):
            asset = {'href': self.url + path, 'file:size': len(content)}
            asset['file:checksum'] = f'1220{hashlib.sha256(content).hexdigest()}'
            properties = {'datetime': f'2022-06-0{number + 1}T10:00:00Z', 'eo:cloud_cover': 10 * number}
            found.append(dict(id=f'S2A_{number}', properties=properties, assets={'Product': asset}))
        return found


class Handler(BaseHTTPRequestHandler):
    server: Server

    def note(self) -> None:
        headers = self.headers
        self.server.asked.append((self.command, self.path, headers.get('Authorization', ''), headers.get('Range', '')))

    def answer(self, content: bytes, code: int = 200, cut: bool = False, **headers: str) -> None:
        self.send_response(code)
        for name, value in {'Content-Length': str(len(content)), **headers}.items():
            self.send_header(name.replace('_', '-'), value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = True

    def do_POST(self) -> None:
        self.note()
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.path == '/token':
            fields = urllib.parse.parse_qs(body.decode())
            if fields.get('password') != ['right']:
                return self.answer(b'no', 401)
            self.server.tokens.append(f'token{len(self.server.tokens)}')
            return self.answer(json.dumps(dict(access_token=self.server.tokens[-1], expires_in=600)).encode())
        query = json.loads(body)
        self.server.searches.append(query)
        return self.page(int(query.get('page', 0)), query)

    def page(self, page: int, query: dict) -> None:
        items = self.server.items()
        link = dict(rel='next', method='POST', href=f'{self.server.url}/search', merge=True, body=dict(page=page + 1))
        if not self.server.post_pages:
            link = dict(rel='next', href=f'/search?page={page + 1}')
        part = items[2 * page : 2 * page + 2]
        links = [link] if 2 * page + 2 < len(items) else []
        self.answer(json.dumps(dict(type='FeatureCollection', features=part, links=links)).encode())

    def do_GET(self) -> None:
        self.note()
        server, path = self.server, self.path
        if path.startswith('/search?page='):
            return self.page(int(path.split('=')[1]), {})
        if path in server.moved:
            return self.answer(b'', 302, Location=server.moved[path])
        if server.fail[path] > 0:
            server.fail[path] -= 1
            return self.answer(b'busy', 503, Retry_After='0')
        if server.secret and self.headers.get('Authorization') != f'Bearer {(server.tokens or ["none"])[-1]}':
            return self.answer(b'who?', 401)
        content = server.files.get(path)
        if content is None:
            return self.answer(b'nothing', 404)
        cut = server.cut[path] > 0
        server.cut[path] -= cut
        start = int(self.headers.get('Range', 'bytes=0-')[6:-1])
        if start:
            return self.answer(content[start:], 206, cut)
        return self.answer(content, 200, cut)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    """The server while it runs."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
