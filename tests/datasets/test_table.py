"""The page of datasets shows the catalogue as it is."""

from __future__ import annotations

from pathlib import Path

from mmrs.datasets.catalogue import ENTRIES
from mmrs.datasets.table import catalogue_table, with_table

PAGE = Path(__file__).parents[2] / 'docs' / 'datasets.md'


def test_page_is_up_to_date() -> None:
    text = PAGE.read_text(encoding='utf-8')
    assert with_table(text) == text, 'run: python -m mmrs.datasets.table docs/datasets.md'


def test_table_has_a_row_a_dataset() -> None:
    rows = [line for line in catalogue_table().splitlines() if line.startswith('| `')]
    assert len(rows) == len(ENTRIES) and all(row.count('|') == 10 for row in rows)
    assert '| `loveda` | LoveDA | 7 | 3 | 1024 x 1024 | 0.3 m | train 2,522, val 1,669, test 1,796 |' in rows[4]
