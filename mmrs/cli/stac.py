"""``mmrs data stac``: searches a STAC catalogue and downloads what it finds."""

from __future__ import annotations

import argparse
import json
import sys
import urllib.parse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.cli.progress import passing_bars

if TYPE_CHECKING:
    from mmrs.datasets.stac.search import Item, Query
    from mmrs.datasets.stac.session import Session


def add_action(actions: Any) -> None:
    """Declares ``mmrs data stac``."""
    parser = actions.add_parser(
        'stac',
        help='search a STAC catalogue and download what is found',
        description='Searches a STAC API by place, time and clouds, and downloads files of the items. Credentials come '
        'from the environment: MMRS_STAC_TOKEN, or MMRS_STAC_USER and MMRS_STAC_PASSWORD (with --token-url they '
        'fetch tokens). A download that broke off goes on; sizes and checksums of the catalogue are checked.',
    )
    parser.add_argument('url', metavar='URL', help='of the API, such as https://stac.dataspace.copernicus.eu/v1')
    parser.add_argument('out', type=Path, metavar='OUT', help='folder to download to')
    group = parser.add_argument_group('search')
    group.add_argument('--collections', nargs='+', required=True, metavar='NAME', help='such as sentinel-2-l2a')
    group.add_argument('--bbox', nargs=4, type=float, metavar=('W', 'S', 'E', 'N'), help='in degrees')
    group.add_argument('--dates', default='', metavar='A/B', help='2022-06-01T00:00:00Z/2022-07-01T00:00:00Z')
    text = 'SkySense++ list of tiles and months, .lmdb or .json, instead of --bbox and --dates'
    group.add_argument('--places', type=Path, metavar='FILE', help=text)
    group.add_argument('--max-cloud', type=float, metavar='PERCENT', help='of eo:cloud_cover')
    group.add_argument('--limit', type=int, default=100, metavar='N', help='items, with --places of each place (100)')
    group = parser.add_argument_group('download')
    group.add_argument('--assets', nargs='+', default=[], metavar='KEY', help='(product: the whole product)')
    group.add_argument('--token-url', default='', metavar='URL', help='where name and password give tokens')
    group.add_argument('--client-id', default='cdse-public', metavar='ID', help='for that address (cdse-public)')
    text = "hosts beside the catalogue's that get credentials; .x.org stands for all below it"
    group.add_argument('--auth-host', nargs='+', default=[], metavar='HOST', help=text)
    group.add_argument('--attempts', type=int, default=5, metavar='N', help='for each request (5)')
    group.add_argument('--threads', type=int, default=2, metavar='N', help='files at once (2)')
    text = 'places and files that may fail before the exit code is 1 (0)'
    group.add_argument('--max-bad', type=int, default=0, metavar='N', help=text)
    group.add_argument('--dry-run', action='store_true', help='search, print files and sizes, and stop')
    group.add_argument('--json', action='store_true', help='print what was found and done as JSON')


def run(args: argparse.Namespace) -> int:
    """Runs ``mmrs data stac``."""
    from mmrs.datasets.layout import Problem
    from mmrs.datasets.stac.fetch import fetch_all, files_of
    from mmrs.datasets.stac.session import Credentials, Session
    from mmrs.errors import DataError

    hosts = [urllib.parse.urlsplit(args.url).hostname or '', *args.auth_host]
    session = Session(hosts, Credentials.from_environment(args.token_url, args.client_id), args.attempts)
    queries, problems = _queries(args)
    found = _found(session, args.url, queries)
    files = []
    for item in found:
        try:
            files += files_of(item, args.assets)
        except DataError as error:
            problems.append(Problem('asset', item.name, str(error)))
    done = 0
    if not args.dry_run:
        with passing_bars() as show:
            done, failed = fetch_all(session, files, args.out, args.threads, partial(show, 'downloading'))
        problems += failed
    if args.json:
        record = dict(files=[vars(file) for file in files], downloaded=done, problems=[vars(item) for item in problems])
        print(json.dumps(record, indent=2))
    else:
        if args.dry_run:
            for file in files:
                size = '?' if file.size is None else f'{file.size / 1e6:,.1f}'
                print(f'{file.name}  {size} MB  {file.url}')
        for problem in problems:
            print(f'{problem.kind}: {problem.path}: {problem.text}', file=sys.stderr)
        print(f'{len(found)} items, {len(files)} files, {done} downloaded, {len(problems)} problems')
    return int(len(problems) > args.max_bad)


def _queries(args: argparse.Namespace) -> tuple[list[Query], list[Any]]:
    from mmrs.datasets.stac.places import read_places
    from mmrs.datasets.stac.search import Query

    wanted = (tuple(args.collections), args.max_cloud, args.limit)
    if args.places is None:
        box = None if args.bbox is None else tuple(args.bbox)
        return [Query(wanted[0], box, args.dates, *wanted[1:])], []
    places, problems = read_places(args.places)
    return [Query(wanted[0], place.box(), place.dates(), *wanted[1:]) for place in places], list(problems)


def _found(session: Session, url: str, queries: list[Query]) -> list[Item]:
    """Items of all places, each once."""
    from mmrs.datasets.stac.search import search

    items: dict[str, Item] = {}
    with passing_bars() as show:
        for done, query in enumerate(queries, 1):
            for item in search(session, url, query):
                items.setdefault(item.name, item)
            show('searching', done, len(queries))
    return list(items.values())
