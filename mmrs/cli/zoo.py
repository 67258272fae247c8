"""``mmrs zoo``: the configs that come with mmrs, what is known of each, and whether each still holds."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.cli.progress import passing_bar
from mmrs.cli.tables import new_table, print_table

if TYPE_CHECKING:
    from mmrs.apis.zoo import Record

_FIELDS = {'task': 'task', 'method': 'method', 'dataset': 'name'}
EXAMPLES = """examples:
  mmrs zoo list --task change
  mmrs zoo show cgeartheye/cgeartheye-base_upernet_160k_loveda-518
  mmrs zoo check --method mars
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the actions and their options."""
    parser.epilog, parser.formatter_class = EXAMPLES, argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)
    listing = actions.add_parser('list', help='list the configs with published and measured scores')
    show = actions.add_parser('show', help='show data layout, weights, commands and scores of a config')
    show.add_argument('config', metavar='CONFIG', help='name below configs/, with or without .py')
    text = 'check that every config parses, builds on the meta device, has documented data and a record'
    check = actions.add_parser('check', help=text, description=f'{text[0].upper()}{text[1:]}. Exit code 1 if not.')
    docs = actions.add_parser('docs', help='bring the table of a page up to date')
    docs.add_argument('page', metavar='PAGE', type=Path, help='page with the marks of the zoo, such as docs/zoo.md')
    what = docs.add_mutually_exclusive_group(required=True)
    what.add_argument('--write', action='store_true', help='write the table into the page')
    what.add_argument('--check', action='store_true', help='only say whether it is up to date; exit code 1 if not')
    for action in (listing, check):
        action.add_argument('--task', help='only this task, such as change or "oriented detection"')
        action.add_argument('--method', help='only this folder of configs, such as cgeartheye')
        action.add_argument('--dataset', help='only this dataset, such as isaid')
    for action in (listing, show, check):
        action.add_argument('--json', action='store_true', help='print everything as JSON')


def run(args: argparse.Namespace) -> int:
    """Runs the action; returns the exit code."""
    return {'list': _list, 'show': _show, 'check': _check, 'docs': _docs}[args.action](args)


def _chosen(args: argparse.Namespace, records: Sequence[Record]) -> list[Record]:
    from mmrs.errors import ConfigError

    tests = {
        'task': lambda record: args.task.lower() in record.data.task,
        'method': lambda record: args.method == record.method,
        'dataset': lambda record: args.dataset.lower() == record.data.name,
    }
    chosen = list(records)
    for option in [option for option in tests if getattr(args, option)]:
        if not any(map(tests[option], records)):
            known = {getattr(record if option == 'method' else record.data, _FIELDS[option]) for record in records}
            expected = f'one of {", ".join(sorted(known))}'
            raise ConfigError(f'--{option}', repr(getattr(args, option)), expected, 'Name one of these.')
        chosen = [record for record in chosen if tests[option](record)]
    return chosen


def _list(args: argparse.Namespace) -> int:
    from mmrs.apis.zoo import read_zoo
    from mmrs.apis.zoo.records import measured_text, published_text

    records = _chosen(args, read_zoo())
    if args.json:
        print(json.dumps([_as_dict(record) for record in records], indent=2))
        return 0
    table = new_table('config', 'task', 'data', 'published', 'measured here')
    for record in records:
        table.add_row(
            record.config.removesuffix('.py'),
            record.data.task,
            record.data.name,
            published_text(record),
            measured_text(record),
        )
    print_table(table)
    print(f'{len(records)} configs. `mmrs zoo show CONFIG` says how to use one.')
    return 0


def _as_dict(record: Record) -> dict[str, Any]:
    return {**asdict(record), 'method': record.method, 'task': record.data.task}


def _show(args: argparse.Namespace) -> int:
    from mmrs.apis.zoo.details import describe

    found = describe(args.config)
    if args.json:
        print(json.dumps({**_as_dict(found.record), **found.extra()}, indent=2))
        return 0
    table = new_table('field', found.record.config)
    for field, value in found.rows():
        table.add_row(field, value)
    print_table(table)
    return 0


def _check(args: argparse.Namespace) -> int:
    from mmrs.apis.zoo import read_zoo
    from mmrs.apis.zoo.check import check_zoo
    from mmrs.engine.console import warnings_to_log

    records = read_zoo()
    wanted = _filter(args, records)
    logging.disable(logging.WARNING)  # what parts say while they are built, on stdout
    try:
        with passing_bar() as bar, warnings_to_log():
            task = bar.add_task('checking')
            done = check_zoo(records, wanted, lambda done, total: bar.update(task, completed=done, total=total))
    finally:
        logging.disable(logging.NOTSET)
    bad = [outcome for outcome in done if outcome.problems]
    if args.json:
        print(json.dumps({'ok': not bad, 'configs': [asdict(outcome) for outcome in done]}, indent=2))
        return 1 if bad else 0
    for outcome in bad:
        for problem in outcome.problems:
            print(f'{outcome.config}: {problem}')
    print(f'{len(done)} configs checked, {len(bad)} with problems')
    return 1 if bad else 0


def _filter(args: argparse.Namespace, records: Sequence[Record]) -> Callable[[str], bool]:
    """A config without a record belongs to every task and dataset: it must not escape the check."""
    chosen = {record.config for record in _chosen(args, records)}
    known = {record.config for record in records}
    return lambda config: config in chosen or (config not in known and args.method in (None, config.partition('/')[0]))


def _docs(args: argparse.Namespace) -> int:
    from mmrs.apis.zoo import read_zoo
    from mmrs.apis.zoo.page import with_zoo

    text = args.page.read_text(encoding='utf-8')
    current = with_zoo(text, read_zoo())
    if args.check:
        fresh = current == text
        hint = 'up to date' if fresh else f'stale; run: mmrs zoo docs {args.page} --write'
        print(f'{args.page}: {hint}', file=sys.stdout if fresh else sys.stderr)
        return 0 if fresh else 1
    args.page.write_text(current, encoding='utf-8')
    print(args.page)
    return 0
