"""``mmrs weights``: list, download, convert, export, verify, inspect, merge and probe weights."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from mmrs.cli.exporting import add_export_arguments, run_export
from mmrs.cli.probing import add_probe_arguments, probe
from mmrs.cli.tables import new_table, print_table
from mmrs.weights.catalogue import ENTRIES, Entry, get

if TYPE_CHECKING:
    from mmrs.weights.rewrite import Rewritten
    from mmrs.weights.verify import Verification


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the actions and their options."""
    actions = parser.add_subparsers(dest='action', metavar='ACTION', required=True)

    listing = actions.add_parser('list', help='list the catalogue of released weights')
    listing.add_argument('--json', action='store_true', help='print every field as JSON')

    download = actions.add_parser('download', help='download a catalogue entry into the weights folder')
    download.add_argument('name', metavar='NAME', help='catalogue name')

    convert = actions.add_parser('convert', help='convert a checkpoint to another naming or file form')
    convert.add_argument('source', metavar='IN', help='checkpoint in any known naming')
    convert.add_argument('target', metavar='OUT', help='.safetensors, .pth or .pt')
    convert.add_argument('--to', choices=('mmrs', 'dinov2', 'mmpretrain'), default='mmrs', help='naming (mmrs)')
    convert.add_argument('--prefix', help='part of IN that is wanted, such as backbone')
    convert.add_argument('--add-prefix', default='', help='put before every name in OUT, such as backbone')
    convert.add_argument('--trust-pickle', action='store_true', help='RUN the code in IN: only if you trust its author')
    convert.add_argument('--dry-run', action='store_true', help='print what would be written')

    check = actions.add_parser('verify', help='check the checksum of a file, that it loads safely, and that it fits')
    check.add_argument('targets', metavar='NAME|FILE', nargs='+', help='catalogue name or path')
    check.add_argument('--as', dest='as_name', metavar='NAME', help='catalogue entry that the files claim to be')
    check.add_argument('--prefix', help='part of the files that is checked, such as backbone')

    look = actions.add_parser('inspect', help='say what a file is, what it fills, and how to use it')
    look.add_argument('file', metavar='FILE', help='checkpoint of any system that mmrs knows')
    look.add_argument('--json', action='store_true', help='print everything as JSON')

    merge = actions.add_parser('merge-lora', help='add trained LoRA adapters to the weights that they adapt')
    merge.add_argument('source', metavar='IN', help='checkpoint of a model with mmrs.LoRA')
    merge.add_argument('target', metavar='OUT', help='.safetensors, .pth or .pt, for the config without mmrs.LoRA')
    merge.add_argument('--base', metavar='FILE', help='weights of the backbone, where IN holds adapters alone')
    merge.add_argument('--dry-run', action='store_true', help='print what would be written')

    add_export_arguments(actions.add_parser('export', help='write the backbone of a pretraining checkpoint to a file'))
    add_probe_arguments(actions.add_parser('probe', help='compare frozen features with random ones on labelled scenes'))


def run(args: argparse.Namespace) -> int:
    """Runs the action; returns the exit code."""
    actions = {
        'list': _list,
        'download': _download,
        'convert': _convert,
        'verify': _verify,
        'inspect': _inspect,
        'merge-lora': _merge_lora,
        'export': run_export,
        'probe': probe,
    }
    return actions[args.action](args)


def _list(args: argparse.Namespace) -> int:
    if args.json:
        print(json.dumps([_record(entry) for entry in ENTRIES], indent=2))
        return 0
    from mmrs.weights.store import find, weights_folder

    table = new_table('name', 'parameters', 'pixels', 'sensor', 'licence of the weights', 'sha256', 'fetch', 'here')
    for entry in ENTRIES:
        table.add_row(
            entry.name,
            f'{entry.parameters / 1e6:,.1f} M',
            str(entry.img_size),
            entry.sensor,
            entry.licence,
            entry.sha256[:8] if entry.sha256 else 'none published',
            'mmrs weights download' if entry.url else 'by hand',
            'yes' if find(entry) else '-',
        )
    print_table(table)
    for page, note in {entry.share_page: entry.share_note for entry in ENTRIES if entry.share_page}.items():
        print(f'by hand: {page} ({note})')
    print(f'Files lie in {weights_folder()} as NAME.pth or NAME.safetensors; MMRS_WEIGHTS sets another folder.')
    return 0


def _record(entry: Entry) -> dict[str, object]:
    values = {name: getattr(entry, name) for name in entry.__dataclass_fields__}
    return {**values, 'model': dict(entry.model), 'key_format': entry.key_format.value}


def _download(args: argparse.Namespace) -> int:
    from mmrs.weights.store import fetch

    print(fetch(get(args.name)))
    return 0


def _convert(args: argparse.Namespace) -> int:
    from mmrs.weights.convert import KeyFormat
    from mmrs.weights.rewrite import rewrite

    if args.trust_pickle:
        print(f'mmrs weights: warning: --trust-pickle runs the code in {args.source}', file=sys.stderr)
    done = rewrite(
        args.source,
        args.target,
        KeyFormat(args.to),
        prefix=args.prefix,
        add_prefix=args.add_prefix,
        trust_pickle=args.trust_pickle,
        dry_run=args.dry_run,
    )
    _tell_conversion(done)
    return 0


def _tell_conversion(done: Rewritten) -> None:
    if done.target is None:
        table = new_table('tensor', 'shape')
        for name, shape in done.names:
            table.add_row(name, ' x '.join(map(str, shape)) or 'scalar')
        print_table(table)
    if done.ignored:
        print(f'objects in the pickle beside tensors: {", ".join(done.ignored)}')
    if done.dropped:
        print(f'left out {len(done.dropped)}: {", ".join(done.dropped[:5])}{", ..." if len(done.dropped) > 5 else ""}')
    under = f' under {done.prefix}' if done.prefix else ''
    print(
        f'{done.source}: {done.found.value} names{under} -> {len(done.names)} tensors as {done.to.value}: '
        f'{done.target or "not written (dry run)"}'
    )


def _verify(args: argparse.Namespace) -> int:
    from mmrs.errors import WeightsError
    from mmrs.weights.verify import verify

    failed = 0
    for target in args.targets:
        try:
            outcome = verify(target, args.as_name, args.prefix)
        except WeightsError as error:
            print(f'mmrs weights: error: {error}', file=sys.stderr)
            failed += 1
            continue
        _tell_verification(outcome)
        failed += bool(outcome.problems)
    return 1 if failed else 0


def _tell_verification(outcome: Verification) -> None:
    table = new_table('check', 'result')
    table.add_row('file', str(outcome.path))
    table.add_row('compared with', outcome.entry.name if outcome.entry else 'no entry')
    table.add_row('sha256', f'{outcome.sha256} ({outcome.checksum_note})')
    table.add_row('loads safely', 'yes')
    if outcome.report is not None:
        table.add_row('fit', str(outcome.report))
    table.add_row('fills in full', ', '.join(outcome.fits) or 'no model')
    table.add_row('verdict', '; '.join(outcome.problems) or 'ok')
    print_table(table)


def _inspect(args: argparse.Namespace) -> int:
    from mmrs.cli.inspection import tell_inspection
    from mmrs.weights.inspection import inspect

    found = inspect(args.file)
    if args.json:
        print(json.dumps({**asdict(found), 'names': [part.names for part in found.parts]}, indent=2))
    else:
        tell_inspection(found)
    return 0


def _merge_lora(args: argparse.Namespace) -> int:
    from mmrs.weights.lora import merge_file

    done = merge_file(args.source, args.target, args.base, args.dry_run)
    if done.target is None:
        table = new_table('layer', 'rank', 'factor')
        for name, rank, factor in done.layers:
            table.add_row(name, str(rank), f'{factor:g}')
        print_table(table)
    print(
        f'{done.source}: {len(done.layers)} adapters merged -> {done.tensors} tensors: '
        f'{done.target or "not written (dry run)"}'
    )
    return 0
