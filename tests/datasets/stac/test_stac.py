"""Search and download against a catalogue on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from stac_server import Server, serving

from mmrs.cli import main
from mmrs.datasets.stac.fetch import Remote, fetch, fetch_all, files_of
from mmrs.datasets.stac.places import Place, read_places
from mmrs.datasets.stac.search import Item, Query, search
from mmrs.datasets.stac.session import Credentials, Session
from mmrs.errors import ConfigError, DataError

QUERY = Query(('s2',), (9.0, 47.0, 10.0, 48.0), '2022-06-01T00:00:00Z/2022-07-01T00:00:00Z')


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    for name in ('TOKEN', 'USER', 'PASSWORD'):
        monkeypatch.delenv(f'MMRS_STAC_{name}', raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as found:
        yield found


def session(**options: object) -> Session:
    return Session(('127.0.0.1',), patience=0.0, **options)


@pytest.mark.parametrize('post_pages', [True, False])
def test_search_goes_through_all_pages(server: Server, post_pages: bool) -> None:
    server.post_pages = post_pages
    found = list(search(session(), server.url, QUERY))
    assert [item.name for item in found] == [f'S2A_{number}' for number in range(5)]
    first = dict(collections=['s2'], limit=100, bbox=[9.0, 47.0, 10.0, 48.0], datetime=QUERY.dates)
    assert server.searches[0] == first
    assert server.searches[1:] == ([{**first, 'page': 1}, {**first, 'page': 2}] if post_pages else [])


def test_search_by_clouds_and_limit(server: Server) -> None:
    assert [item.cloud for item in search(session(), server.url, Query(('s2',), max_cloud=25))] == [0, 10, 20]
    assert len(list(search(session(), server.url, Query(('s2',), limit=3)))) == 3
    assert server.searches[-1]['limit'] == 3


def test_wrong_queries_and_answers(server: Server) -> None:
    for query, name in ((Query(()), '--collections'), (Query(('a',), (9, 48, 10, 47)), '--bbox')):
        with pytest.raises(ConfigError, match=name):
            next(search(session(), server.url, query))
    with pytest.raises(DataError, match='HTTP 404'):
        session().json(f'{server.url}/nowhere')
    server.files['/text'] = b'no json'
    with pytest.raises(DataError, match='no JSON'):
        session().json(f'{server.url}/text')


def remote(server: Server, number: int) -> Remote:
    (found,) = files_of([*search(session(), server.url, QUERY)][number])
    return found


def test_downloads_are_checked_and_kept(server: Server, tmp_path: Path) -> None:
    file = remote(server, 2)
    assert file.name == 'S2A_2.zip' and file.sha256 and file.size
    assert fetch(session(), file, tmp_path / 'new') and not fetch(session(), file, tmp_path / 'new')
    path = tmp_path / 'new' / 'S2A_2.zip'
    assert path.read_bytes() == server.files['/files/2.zip']
    path.write_bytes(path.read_bytes()[:-1] + b'x')
    with pytest.raises(DataError, match='S2A_2.zip: found sha256'):
        fetch(session(), file, tmp_path / 'new')
    server.files['/files/2.zip'] = b'x' * file.size
    with pytest.raises(DataError, match='expected sha256'):
        fetch(session(), file, tmp_path / 'other')
    assert not list((tmp_path / 'other').glob('*.zip'))


def test_a_download_that_breaks_off_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    path, file = '/files/1.zip', remote(server, 1)
    server.cut[path] = 2
    assert fetch(session(), file, tmp_path)
    assert (tmp_path / 'S2A_1.zip').read_bytes() == server.files[path]
    half = file.size // 2
    ranges = [asked[3] for asked in server.asked if asked[1] == path]
    assert ranges == ['', f'bytes={half}-', f'bytes={half + (file.size - half) // 2}-']
    server.cut[path] = 9
    with pytest.raises(DataError, match='a broken connection'):
        fetch(session(attempts=2), file, tmp_path / 'b')
    server.cut[path] = 0  # another run
    assert fetch(session(), file, tmp_path / 'b') and server.asked[-1][3]


def test_a_busy_server_is_asked_again_and_a_missing_file_is_not(server: Server, tmp_path: Path) -> None:
    file = remote(server, 0)
    server.fail['/files/0.zip'] = 3
    assert fetch(session(), file, tmp_path)
    server.fail['/files/1.zip'] = 3
    with pytest.raises(DataError, match='HTTP 503'):
        fetch(session(attempts=2), remote(server, 1), tmp_path)
    absent = Remote(f'{server.url}/files/9.zip', 'absent.zip')
    done, problems = fetch_all(session(), [absent, remote(server, 2)], tmp_path)
    assert done == 1 and [problem.path for problem in problems] == ['absent.zip'] and 'HTTP 404' in problems[0].text
    assert sum(asked[1] == '/files/9.zip' for asked in server.asked) == 1


def test_what_is_no_zip_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.files['/login'] = b'<html>Log in</html>'
    with pytest.raises(DataError, match='19 bytes that are no zip'):
        fetch(session(), Remote(f'{server.url}/login', 'a.zip'), tmp_path)
    assert not (tmp_path / 'a.zip').exists()


def test_name_and_password_give_tokens_that_are_renewed(server: Server, tmp_path: Path) -> None:
    server.secret = True
    files = [remote(server, number) for number in range(3)]
    known = Credentials(user='me', password='right', token_url=f'{server.url}/token')
    asking = session(credentials=known)
    assert fetch(asking, files[0], tmp_path) and fetch(asking, files[1], tmp_path) and len(server.tokens) == 1
    server.tokens.append('another')  # what was given is not good any more
    assert fetch(asking, files[2], tmp_path) and server.asked[-1][2] == 'Bearer token2'
    with pytest.raises(DataError, match='HTTP 401.*a token.*MMRS_STAC_PASSWORD'):
        wrong = Credentials(user='me', password='wrong', token_url=f'{server.url}/token')
        fetch(session(credentials=wrong), files[2], tmp_path / 'b')
    with pytest.raises(DataError, match='HTTP 401'):
        fetch(session(), files[2], tmp_path / 'b')


def test_credentials_do_not_go_to_other_hosts(server: Server, tmp_path: Path) -> None:
    port = server.server_address[1]
    server.moved['/moved'] = f'http://localhost:{port}/files/0.zip'
    asking = session(credentials=Credentials(token='secret'))
    fetch(asking, Remote(f'{server.url}/moved', 'a.zip'), tmp_path)
    fetch(asking, Remote(f'http://localhost:{port}/files/1.zip', 'b.zip'), tmp_path)
    sent = {(path, authorization) for _, path, authorization, _ in server.asked}
    assert sent == {('/moved', 'Bearer secret'), ('/files/0.zip', ''), ('/files/1.zip', '')}
    wide = Session(('.example.org',), Credentials(token='secret'))
    assert wide.trusts('https://a.example.org/x') and not wide.trusts('http://a.example.org/x')
    assert not wide.trusts('https://example.org.evil.net/x') and not wide.trusts('https://badexample.org')


def test_credentials_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match='none, but --token-url'):
        Credentials.from_environment('https://x/token')
    monkeypatch.setenv('MMRS_STAC_USER', 'me')
    with pytest.raises(ConfigError, match='one of both'):
        Credentials.from_environment()
    monkeypatch.setenv('MMRS_STAC_PASSWORD', 'p')
    assert Session(('h',), Credentials.from_environment())._authorization() == {'Authorization': 'Basic bWU6cA=='}


def test_addresses_and_names(tmp_path: Path) -> None:
    https = {
        'href': 's3://b/k.tif',
        'alternate': {'https': {'href': 'https://h/k.TIF?sig=1'}},
        'file:checksum': 'd50110ab',
    }
    item = Item('../../evil/S2:A', '', None, {'red': https, 'nir': {'href': 's3://b/n.tif'}})
    assert files_of(item, ['red']) == [Remote('https://h/k.TIF?sig=1', '_.._evil_S2_A_red.TIF', md5='ab')]
    with pytest.raises(DataError, match='the address s3://b/n.tif'):
        files_of(item, ['nir'])
    with pytest.raises(DataError, match='assets nir, red; expected product'):
        files_of(item)


def test_places(tmp_path: Path) -> None:
    whole = dict(x=8650, y=5700, z=14, date_min='202211', date_max='2022-12')
    values = [whole, {**whole, 'date_min': 'soon'}, {**whole, 'x': -1}, {**whole, 'date_max': '202201'}, 3]
    (tmp_path / 'a.json').write_text(json.dumps(values))
    places, problems = read_places(tmp_path / 'a.json')
    assert places == [Place(8650, 5700, 14, (2022, 11), (2022, 12))]
    assert places[0].dates() == '2022-11-01T00:00:00Z/2023-01-01T00:00:00Z'
    west, south, east, north = places[0].box()
    assert east - west == pytest.approx(360 / 2**14) and 10 < west < 10.1 and 47 < south < north < 49
    assert [problem.kind for problem in problems] == ['date', 'place', 'date', 'place']


def test_the_command(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.secret = True
    monkeypatch.setenv('MMRS_STAC_USER', 'me')
    monkeypatch.setenv('MMRS_STAC_PASSWORD', 'right')
    command = ['data', 'stac', server.url, str(tmp_path / 'out'), '--collections', 's2', '--max-cloud', '15']
    command += ['--token-url', f'{server.url}/token', '--bbox', '9', '47', '10', '48']
    assert main([*command, '--dry-run']) == 0
    text = capsys.readouterr().out
    assert 'S2A_1.zip' in text and '2 items, 2 files, 0 downloaded' in text and not (tmp_path / 'out').exists()
    assert main(command) == 0
    assert sorted(path.name for path in (tmp_path / 'out').glob('*.zip')) == ['S2A_0.zip', 'S2A_1.zip']
    assert not any('right' in path for _, path, _, _ in server.asked)
    server.files['/files/0.zip'] += b'longer'
    capsys.readouterr()
    assert main([*command, '--json']) == 1
    report = json.loads(capsys.readouterr().out)
    assert report['downloaded'] == 0 and [problem['path'] for problem in report['problems']] == ['S2A_0.zip']
