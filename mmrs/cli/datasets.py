"""``mmrs data list | info | download | verify | stats | browse``: the dataset catalogue and data on disk."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmrs.cli.progress import passing_bar, passing_bars
from mmrs.cli.tables import new_table, print_table
from mmrs.datasets.catalogue import ENTRIES, Dataset, get
from mmrs.errors import ConfigError, DataError

if TYPE_CHECKING:
    from mmrs.datasets.statistics import Statistics
    from mmrs.datasets.verify import Checked

PRETRAINING = ('mars-pairs', 'seasons', 'rs-semantic')
SHOWN = 20  # problems that a person is shown of each split


def add_actions(actions: Any) -> None:
    """Declares the actions that work on datasets of the catalogue."""
    listing = actions.add_parser('list', help='list the catalogue of datasets')
    listing.add_argument('--task', help='only this task, such as segmentation')
    info = actions.add_parser('info', help='show layout, classes, bands, licence and source of a dataset')
    download = actions.add_parser('download', help='download a dataset, or say how to fetch it')
    download.add_argument('--only', metavar='TEXT', help='only files whose names contain this')
    download.add_argument('--unpack', action='store_true', help='extract archives where they are')
    download.add_argument('--dry-run', action='store_true', help='print files and sizes')
    verify = actions.add_parser('verify', help='check files, pairs, counts, sizes, values and duplicates')
    verify.add_argument('--split', nargs='+', default=[], help='splits to check (all)')
    verify.add_argument('--partial', action='store_true', help='put up with missing splits and fewer samples')
    verify.add_argument('--quick', action='store_true', help='names and counts only, without reading pixels')
    verify.add_argument('--max-bad', type=int, default=0, metavar='N', help='problems to put up with (0)')
    _add_pretraining(verify)
    stats = actions.add_parser('stats', help='compute statistics of bands and shares of classes')
    stats.add_argument('--split', help='split to read (the first)')
    stats.add_argument('--limit', type=_positive, metavar='N', help='read no more than N samples, evenly spread')
    browse = actions.add_parser('browse', help='draw samples with their labels as a PNG or an HTML page')
    browse.add_argument('-o', '--out', type=Path, required=True, metavar='FILE', help='.png or .html to write')
    browse.add_argument('--split', help='split to show (the first)')
    browse.add_argument('--count', type=_positive, default=12, metavar='N', help='number of samples (12)')
    browse.add_argument('--seed', type=int, help='draw samples at random (evenly spread)')
    for parser in (info, download, verify, stats, browse):
        text = 'catalogue name' + (f', or {", ".join(PRETRAINING)}' if parser is verify else '')
        parser.add_argument('name', metavar='NAME', help=text)
    for parser in (download, verify, stats, browse):
        text = 'folder of the dataset (its folder below MMRS_DATA, else below ./data)'
        parser.add_argument('folder', metavar='FOLDER', nargs='?', type=Path, help=text)
    for parser in (listing, info, verify, stats):
        parser.add_argument('--json', action='store_true', help='print everything as JSON')


def _add_pretraining(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('sets for pretraining', 'NAME mars-pairs, seasons or rs-semantic, and FOLDER')
    group.add_argument('--seasons', nargs='+', default=[], metavar='FOLDER', help='of seasons: one a season')
    group.add_argument('--lists', nargs='+', default=[], metavar='FILE', help='of rs-semantic (all .json in FOLDER)')
    text = 'of rs-semantic: annotation ids of the model (64)'
    group.add_argument('--vocabulary', type=_positive, default=64, metavar='N', help=text)
    text = 'of rs-semantic: JSON object with the label values of sets'
    group.add_argument('--palettes', type=Path, metavar='FILE', help=text)
    group.add_argument('--dates', action='store_true', help='of rs-semantic: days of images are needed')


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'expected a number from 1 on, found {text!r}')
    return int(text)


def _record(dataset: Dataset) -> dict[str, Any]:
    values = {name: getattr(dataset, name) for name in dataset.__dataclass_fields__ if name != 'splits'}
    values['mask_values'] = None if dataset.mask_values is None else dict(dataset.mask_values)
    splits = [
        {**vars(split), 'files': dict(split.files), 'only': dict(split.only), 'others': [dict(o) for o in split.others]}
        for split in dataset.splits
    ]
    return {**values, 'bands': dataset.band_names, 'splits': splits}


def _list(args: argparse.Namespace) -> int:
    entries = [entry for entry in ENTRIES if args.task is None or args.task.lower() in entry.task]
    if args.json:
        print(json.dumps([_record(entry) for entry in entries], indent=2))
        return 0
    from mmrs.datasets.download import dataset_folder

    table = new_table('name', 'task', 'classes', 'bands', 'pixels', 'licence', 'fetch', 'here')
    for entry in entries:
        table.add_row(
            entry.name,
            entry.task,
            str(len(entry.classes) or 'unknown'),
            str(len(entry.band_names) or 'unknown'),
            f'{entry.size[0]} x {entry.size[1]}' if entry.size else 'vary',
            entry.licence,
            'mmrs data download' if entry.zenodo else 'by hand',
            'yes' if dataset_folder(entry).is_dir() else '-',
        )
    print_table(table)
    return 0


def _info(args: argparse.Namespace) -> int:
    from mmrs.datasets.download import dataset_folder

    entry = get(args.name)
    if args.json:
        print(json.dumps(_record(entry), indent=2))
        return 0
    unknown = 'unknown'
    table = new_table('field', entry.name)
    table.add_row('title', entry.title)
    table.add_row('task', entry.task + (', several classes an image' if entry.multi_label else ''))
    table.add_row('classes', ', '.join(entry.classes) or unknown)
    table.add_row('bands', ', '.join(entry.band_names) or unknown)
    table.add_row('sensor', entry.sensor or 'none of mmrs.geo.sensors')
    table.add_row('pixels', f'{entry.size[0]} x {entry.size[1]}' if entry.size else unknown)
    table.add_row('GSD', f'{entry.gsd:g} m' if entry.gsd else unknown)
    table.add_row('masks', _masks(entry))
    table.add_row('licence', entry.licence)
    table.add_row('fetch', f'mmrs data download {entry.name}; {entry.by_hand}' if entry.zenodo else entry.by_hand)
    table.add_row('page', entry.page or unknown)
    table.add_row('notes', entry.notes or '-')
    table.add_row('source', entry.source)
    table.add_row('folder', str(dataset_folder(entry)))
    for split in entry.splits:
        listed = f'{split.listing} ({split.form}): ' if split.listing else ''
        files = ', '.join(f'{role} {pattern or "paths of the list"}' for role, pattern in split.files.items())
        count = f'; {split.samples:,} samples' if split.samples else ''
        table.add_row(f'split {split.name}', f'{listed}{files}{count}')
        for other in split.others:
            table.add_row('', f'or {", ".join(other.values())}')
    print_table(table)
    return 0


def _masks(entry: Dataset) -> str:
    if not any('mask' in split.files for split in entry.splits):
        return '-'
    coded = {
        'RGB pictures in the colours of the classes': entry.mask_colours,
        f'grey, class 1 from {entry.mask_threshold} on': entry.mask_threshold is not None,
        f'values {dict(entry.mask_values or {})} (255: ignore)': entry.mask_values is not None,
        'class index + 1, 0 is ignored': entry.reduce_zero_label,
    }
    return next((text for text, applies in coded.items() if applies), 'class indices, 255 is ignored')


def _root(args: argparse.Namespace, entry: Dataset) -> Path:
    from mmrs.datasets.download import dataset_folder

    return args.folder or dataset_folder(entry)


def _download(args: argparse.Namespace) -> int:
    from mmrs.datasets.download import download_dataset, remote_files

    entry = get(args.name)
    files = [file for file in remote_files(entry) if not args.only or args.only in file.name]
    for file in files:
        if args.dry_run:
            print(f'{file.name}  {file.size / 1e6:,.1f} MB  md5 {file.md5 or "not given"}  {file.url}')
        else:
            print(download_dataset(file, _root(args, entry), args.unpack))
    print(f'{len(files)} files; {entry.by_hand}')
    return 0


def _verify(args: argparse.Namespace) -> int:
    from mmrs.datasets.verify import verify_dataset

    with passing_bars() as show:
        options: dict[str, Any] = dict(pixels=not args.quick, progress=partial(show, 'reading'))
        if args.name in PRETRAINING:
            root = args.folder
            checked = _verify_pretraining(args, options)
        else:
            entry = get(args.name)
            root = _root(args, entry)
            checked = verify_dataset(entry, root, args.split, partial=args.partial, **options)
    bad = sum(len(outcome.problems) for outcome in checked) > args.max_bad
    if args.json:
        splits = [{**vars(outcome), 'problems': [vars(item) for item in outcome.problems]} for outcome in checked]
        print(json.dumps({'dataset': args.name, 'folder': str(root), 'ok': not bad, 'splits': splits}, indent=2))
    else:
        _tell_check(checked)
    return 1 if bad else 0


def _verify_pretraining(args: argparse.Namespace, options: dict[str, Any]) -> list[Checked]:
    from mmrs.datasets.pretraining.verify import Rules, verify_pretraining

    if args.folder is None:
        raise ConfigError('FOLDER', 'none', f'the folder of the set after {args.name}', 'Name it.')
    palettes = None
    if args.palettes is not None:
        try:
            palettes = json.loads(args.palettes.read_text())
        except (OSError, ValueError) as error:
            raise DataError(args.palettes, f'no readable JSON ({error})', 'an object', 'Correct the file.') from error
    rules = Rules(args.seasons, args.lists, args.vocabulary, palettes, args.dates)
    return verify_pretraining(args.name, args.folder, rules, **options)


def _tell_check(checked: Sequence[Checked]) -> None:
    for outcome in checked:
        for problem in outcome.problems[:SHOWN]:
            print(f'{outcome.name}: {problem.kind}: {problem.path}: {problem.text}')
        if len(outcome.problems) > SHOWN:
            print(f'{outcome.name}: and {len(outcome.problems) - SHOWN} more: --json shows all')
    table = new_table('split', 'samples', 'published', 'problems')
    for outcome in checked:
        published = f'{outcome.published:,}' if outcome.published else 'unknown'
        table.add_row(outcome.name, f'{outcome.samples:,}', published, str(len(outcome.problems)))
    print_table(table)


def _stats(args: argparse.Namespace) -> int:
    from mmrs.datasets.statistics import dataset_statistics

    entry = get(args.name)
    split = args.split or entry.splits[0].name
    with passing_bar() as bar:
        task = bar.add_task('reading')
        found = dataset_statistics(
            entry,
            _root(args, entry),
            split,
            args.limit,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    if args.json:
        print(json.dumps(_statistics_record(entry, split, found), indent=2))
    else:
        _tell_statistics(_statistics_record(entry, split, found))
    return 0


def _statistics_record(entry: Dataset, split: str, found: Statistics) -> dict[str, Any]:
    bands = []
    for role, moments in found.bands.items():
        names: Sequence[str] = entry.band_names if role in ('image', 'before', 'after') else ()
        names = names if len(names) == len(moments.mean) else [f'band {n + 1}' for n in range(len(moments.mean))]
        columns = {'mean': moments.mean, 'std': moments.std, 'min': moments.low, 'max': moments.high}
        for index, name in enumerate(names):
            values = {key: float(column[index]) for key, column in columns.items()}
            bands.append({'role': role, 'band': name, **values, 'pixels': int(moments.count[index])})
    total = max(int(found.pixels.sum()), 1)
    counted = [(index, int(number)) for index, number in enumerate(found.pixels) if number]
    names = [*entry.classes, *(f'class {index}' for index in range(len(entry.classes), 255)), 'ignored']
    shares = {names[index]: number / total for index, number in counted}
    record = {'dataset': entry.name, 'split': split, 'samples': found.samples, 'bands': bands}
    return {**record, 'pixel_shares': shares, 'objects': dict(found.objects.most_common())}


def _tell_statistics(record: Mapping[str, Any]) -> None:
    table = new_table('picture', 'band', 'mean', 'std', 'min', 'max')
    for row in record['bands']:
        numbers = [f'{row[key]:.6g}' for key in ('mean', 'std', 'min', 'max')]
        table.add_row(row['role'], row['band'], *numbers)
    print_table(table)
    for title, key, form in (('share of pixels', 'pixel_shares', '.2%'), ('number', 'objects', ',')):
        if record[key]:
            table = new_table('class', title)
            for name, value in record[key].items():
                table.add_row(name, format(value, form))
            print_table(table)
    print(f'{record["dataset"]} {record["split"]}: {record["samples"]:,} samples')


def _browse(args: argparse.Namespace) -> int:
    from mmrs.datasets.contact_sheet import write_contact_sheet

    entry = get(args.name)
    split = args.split or entry.splits[0].name
    shown = write_contact_sheet(entry, _root(args, entry), args.out, split, args.count, args.seed)
    print(f'{args.out}: {shown} samples of {entry.name} {split}')
    return 0


ACTIONS = {
    'list': _list,
    'info': _info,
    'download': _download,
    'verify': _verify,
    'stats': _stats,
    'browse': _browse,
}
