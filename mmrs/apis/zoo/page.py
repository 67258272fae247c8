"""The table of the zoo in the documentation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmrs.apis.zoo.records import NOT_TRAINED, Measured, Record, metrics_text, published_text
from mmrs.datasets.catalogue.records import Task
from mmrs.datasets.table import between

START, END = '<!-- zoo: generated -->', '<!-- end of the zoo -->'
TASKS: tuple[str, ...] = Task.__args__  # type: ignore[attr-defined]


def with_zoo(page: str, records: Sequence[Record]) -> str:
    """A page with its table brought up to date.

    Args:
        page: Text with the two marks between which the table stands.
        records: All records.
    """
    return between(page, START, END, '\n'.join(_lines(records)))


def _lines(records: Sequence[Record]) -> Iterator[str]:
    tasks = [*TASKS, *sorted({record.data.task for record in records} - set(TASKS))]
    for task in tasks:
        chosen = [record for record in records if record.data.task == task]
        if chosen:
            yield from ('', f'### {task[0].upper()}{task[1:]}: {len(chosen)} configs', '')
            yield '| config | data | published | measured here |'
            yield '|---|---|---|---|'
            yield from (_row(record) for record in chosen)
    yield ''


def _row(record: Record) -> str:
    published = [f'**{metrics_text(r.metrics)}**: {r.source}; {r.protocol}' for r in record.published]
    published = published or [published_text(record)]
    published += [record.note] if record.note else []
    measured = [_measured(score) for score in record.measured]
    cells = (f'`{record.config}`', record.data.title, '; '.join(published), '; '.join(measured) or NOT_TRAINED)
    return f'| {" | ".join(cells)} |'


def _measured(score: Measured) -> str:
    how = f'[{score.how}]({score.page})' if score.page else score.how
    log = f'[log]({score.log})' if score.log.startswith('logs/') else f'log: {score.log}'
    return f'**{metrics_text(score.metrics)}**: {how}; seed {score.seed}; {log}; sha256: {score.checksum}'
