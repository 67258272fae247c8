"""The dataset catalogue as a page of the documentation: ``python -m mmrs.datasets.table docs/datasets.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from mmrs.datasets.catalogue import ENTRIES, Dataset

START, END = '<!-- catalogue: generated -->', '<!-- end of the catalogue -->'


def catalogue_table() -> str:
    """Tables of all datasets, one a task, as Markdown."""
    return '\n'.join(_lines())


def _lines() -> Iterator[str]:
    for task in dict.fromkeys(entry.task for entry in ENTRIES):
        yield from ('', f'### {task[0].upper()}{task[1:]}', '')
        yield '| name | dataset | classes | bands | pixels | GSD | samples | licence | source |'
        yield '|---|---|---|---|---|---|---|---|---|'
        yield from (_row(entry) for entry in ENTRIES if entry.task == task)
    yield ''


def _row(entry: Dataset) -> str:
    counts = [f'{split.name} {split.samples:,}' for split in entry.splits if split.samples]
    cells = (
        f'`{entry.name}`',
        entry.title,
        str(len(entry.classes) or '?'),
        str(len(entry.band_names) or '?'),
        f'{entry.size[0]} x {entry.size[1]}' if entry.size else '?',
        f'{entry.gsd:g} m' if entry.gsd else '?',
        ', '.join(counts) or '?',
        entry.licence,
        entry.source,
    )
    return f'| {" | ".join(cells)} |'


def with_table(page: str) -> str:
    """A page with its table brought up to date.

    Args:
        page: Text with the two marks between which the table stands.
    """
    return between(page, START, END, catalogue_table())


def between(page: str, start: str, end: str, text: str) -> str:
    """A page with another text between two marks, which stay.

    Args:
        page: Text with both marks.
        start: First mark.
        end: Second mark.
        text: What comes between them.
    """
    before, _, rest = page.partition(start)
    return f'{before}{start}\n{text}\n{end}{rest.partition(end)[2]}'


if __name__ == '__main__':
    target = Path(sys.argv[1])
    target.write_text(with_table(target.read_text(encoding='utf-8')), encoding='utf-8')
