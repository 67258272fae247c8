"""Checks sets for pretraining before a run is started on them: everything that is wrong is counted and named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mmrs.datasets.layout import Problem
from mmrs.datasets.pretraining.check_images import check_group
from mmrs.datasets.pretraining.finish import INDEX
from mmrs.datasets.pretraining.options import MODALITIES
from mmrs.datasets.pretraining.records import read_record
from mmrs.datasets.pretraining.writers import FOLDERS
from mmrs.datasets.shards import read_shard
from mmrs.datasets.verify import Checked
from mmrs.errors import ConfigError, DataError, MmrsError

SHARD_MEMBERS = ('rgb.tif', 'sar.tif')
Group = dict[str, str]  # files of one sample, by role
Check = Callable[[], list[Problem]]


@dataclass(frozen=True)
class Rules:
    """What else a set must fulfil.

    Attributes:
        seasons: Folders or databases of ``seasons``; empty takes the folder itself.
        lists: JSON files of ``rs-semantic``; empty takes all in the folder.
        vocabulary: Annotation ids of the model.
        palettes: Label values of sets, see :class:`mmrs.datasets.rs_semantic.dataset.SemanticMosaics`.
        dates: Days of images are needed.
    """

    seasons: Sequence[str] = ()
    lists: Sequence[str] = ()
    vocabulary: int = 64
    palettes: Mapping[str, Sequence[int] | Sequence[Sequence[int]]] | None = None
    dates: bool = False


@dataclass
class Part:
    """A part of a set.

    Attributes:
        name: What it is called.
        checks: One a sample.
        problems: What is wrong with its structure.
        published: Samples that it should have, where that is known.
    """

    name: str
    checks: list[Check] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    published: int | None = None


def verify_pretraining(
    kind: str,
    root: str | os.PathLike[str],
    rules: Rules | None = None,
    pixels: bool = True,
    progress: Callable[[int, int], None] = lambda done, total: None,
    threads: int = 4,
) -> list[Checked]:
    """Checks a set.

    Args:
        kind: ``'mars-pairs'`` (folders of pairs, shards, or a build of either form), ``'seasons'``, or
            ``'rs-semantic'``.
        root: Its folder.
        rules: What else it must fulfil.
        pixels: Read every file; otherwise only names, lists and headers.
        progress: Called with the number of samples read and in all.
        threads: Samples read at once.

    Returns:
        One outcome a part.

    Raises:
        ConfigError: If the kind is unknown.
        DataError: If the folder is not there or holds no such set.
    """
    if kind not in KINDS:
        raise ConfigError('kind', kind, f'one of {", ".join(KINDS)}', 'Name one of them.')
    folder = Path(root)
    if not folder.is_dir():
        raise DataError(folder, 'no such folder', f'a set for pretraining ({kind})', 'Check the path.')
    parts = list(KINDS[kind](folder, rules or Rules()))
    outcomes = [Checked(part.name, len(part.checks), part.published, list(part.problems)) for part in parts]
    work = [(outcome, check) for outcome, part in zip(outcomes, parts, strict=True) for check in part.checks]
    if pixels:
        with ThreadPoolExecutor(max_workers=threads) as pool:
            found = pool.map(lambda item: item[1](), work)
            for done, ((outcome, _), problems) in enumerate(zip(work, found, strict=True), 1):
                outcome.problems += problems
                progress(done, len(work))
    for outcome in outcomes:
        if not outcome.samples and not outcome.problems:
            outcome.problems.append(Problem('count', str(folder), f'no samples in {outcome.name}'))
    return outcomes


def _check(group: Group, names: Mapping[str, str] | None = None) -> Check:
    return lambda: check_group(group, names)


def _mars(folder: Path, rules: Rules) -> Iterator[Part]:
    if (folder / INDEX).is_file():
        yield from _build(folder)
    elif any(folder.glob('*.tar')):
        yield _shards('shards', sorted(folder.glob('*.tar')))
    else:
        yield from _pairs(folder)


def _pairs(folder: Path) -> Iterator[Part]:
    """Folders ``<sensor>/{rgb,sar}``."""
    kinds = [FOLDERS[modality] for modality in MODALITIES]
    found = [path for path in sorted(folder.iterdir()) if all((path / kind).is_dir() for kind in kinds)]
    if not found:
        raise DataError(folder, 'no folder with rgb and sar in it', 'patches, shards or a build', 'Name another.')
    for path in found:
        part = Part(path.name)
        files = [{file.name: str(file) for file in sorted((path / kind).glob('*.tif'))} for kind in kinds]
        for name in sorted(files[0].keys() ^ files[1].keys()):
            there = files[0].get(name) or files[1][name]
            part.problems.append(Problem('unpaired', there, 'no partner of the same name'))
        shared = sorted(files[0].keys() & files[1].keys())
        part.checks = [_check(dict(optical=files[0][name], sar=files[1][name])) for name in shared]
        yield part


def _shards(name: str, paths: Sequence[Path]) -> Part:
    part = Part(name)
    for path in paths:
        shard = read_shard(path, SHARD_MEMBERS)
        part.problems += shard.problems
        for key, members in shard.samples.items():
            places = [members[suffix].gdal_path(path) for suffix in SHARD_MEMBERS]
            names = {place: f'{path}: {key}.{suffix}' for place, suffix in zip(places, SHARD_MEMBERS, strict=True)}
            part.checks.append(_check(dict(zip(MODALITIES, places, strict=True)), names))
    return part


def _build(folder: Path) -> Iterator[Part]:
    """What ``mmrs data build`` wrote, against its index."""
    columns = ('key', 'split', 'shard', 'optical_path', 'sar_path')
    try:
        rows = read_record(folder / INDEX, columns)
    except DataError as error:
        yield Part('index', problems=[Problem('index', error.subject, error.found)])
        return
    if not rows:
        yield Part('index')  # no samples: said for every part
    for split in ('train', 'val'):
        chosen = [row for row in rows if row['split'] == split]
        if not chosen:
            continue
        if chosen[0]['shard'] is None:
            part = Part(split, published=len(chosen))
            for row in chosen:
                group = {modality: str(folder / row[f'{modality}_path']) for modality in MODALITIES}
                lacking = [path for path in group.values() if not os.path.isfile(path)]
                part.problems += [Problem('missing', path, 'in the index, not on disk') for path in lacking]
                if not lacking:
                    part.checks.append(_check(group))
            listed = {row[f'{modality}_path'] for row in chosen for modality in MODALITIES}
            there = {path.relative_to(folder).as_posix() for path in (folder / split).rglob('*.tif')}
            part.problems += [
                Problem('unknown', str(folder / path), 'not in the index') for path in sorted(there - listed)
            ]
        else:
            names = sorted({row['shard'] for row in chosen})
            part = _shards(split, [folder / name for name in names])
            part.published = len(chosen)
            if len(part.checks) < len(chosen) and not part.problems:
                text = f'{len(part.checks)} samples in shards, {len(chosen)} in the index'
                part.problems.append(Problem('count', str(folder), text))
        yield part


def _seasons(folder: Path, rules: Rules) -> Iterator[Part]:
    from mmrs.datasets.seasons import SeasonDataset

    part = Part('seasons')
    try:
        data = SeasonDataset(str(folder), tuple(rules.seasons) or None, pipeline=[])
    except DataError as error:
        part.problems.append(Problem('missing', error.subject, f'{error.found}; expected {error.expected}'))
    else:
        for index in range(len(data)):
            paths = data.get_data_info(index)['img_paths']
            part.checks.append(_check({f'season {number}': path for number, path in enumerate(paths, 1)}))
    yield part


def _semantic(folder: Path, rules: Rules) -> Iterator[Part]:
    from mmrs.datasets.pretraining.check_entries import check_entry, check_vocabulary
    from mmrs.datasets.rs_semantic.entries import read_entries

    lists = [folder / name for name in rules.lists] or sorted(folder.glob('*.json'))
    if not lists:
        raise DataError(folder, 'no list', 'lists such as potsdam_train.json', 'Name them: --lists NAME.json ...')
    for path in lists:
        part = Part(path.name)
        try:
            entries, part.problems = read_entries(path, folder, rules.palettes, rules.dates)
        except MmrsError as error:
            part.problems.append(Problem('list', error.subject, f'{error.found}; expected {error.expected}'))
            entries = []
        part.problems += check_vocabulary(entries, rules.vocabulary, path)
        part.checks = [lambda entry=entry: check_entry(entry, rules.dates) for entry in entries]  # type: ignore[misc]
        yield part


KINDS: dict[str, Callable[[Path, Rules], Iterator[Part]]] = {
    'mars-pairs': _mars,
    'seasons': _seasons,
    'rs-semantic': _semantic,
}
