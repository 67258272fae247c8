"""Metafiles: one record a config, sources for every score, errors that name the file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mmrs.apis.config import list_configs
from mmrs.apis.zoo import read_zoo
from mmrs.apis.zoo.metafile import expand
from mmrs.apis.zoo.page import with_zoo
from mmrs.apis.zoo.records import Measured, published_text
from mmrs.errors import ConfigError

DOCS = Path(__file__).parents[3] / 'docs'
RECORDS = {record.config: record for record in read_zoo()}
HEAD = 'Collections:\n  - {Name: C, Paper: p}\nModels:\n'


def write(root: Path, text: str) -> Path:
    (root / 'method').mkdir()
    (root / 'method' / 'metafile.yml').write_text(text)
    return root


def test_every_config_has_a_record_and_every_record_a_config() -> None:
    assert sorted(RECORDS) == list_configs()


def test_page_is_up_to_date() -> None:
    text = (DOCS / 'zoo.md').read_text(encoding='utf-8')
    assert with_zoo(text, list(RECORDS.values())) == text, 'run: mmrs zoo docs docs/zoo.md --write'
    rows = re.findall(r'^\| `([^`]+\.py)` \|(.*)\|$', text, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(RECORDS)
    assert all(cells.count('|') == 2 for _, cells in rows)


def test_published_scores_name_their_source() -> None:
    for record in RECORDS.values():
        for result in record.published:
            assert result.source and result.protocol != 'not stated', record.config


SCORES = [(record.config, score) for record in RECORDS.values() for score in record.measured]


@pytest.mark.parametrize(('config', 'score'), SCORES, ids=[config for config, _ in SCORES])
def test_measured_scores_are_those_of_their_log_or_page(config: str, score: Measured) -> None:
    assert score.page or score.log.startswith('logs/'), 'a figure that nothing shows'
    page = (DOCS / score.page).read_text(encoding='utf-8') if score.page else ''
    logged: list[float] = []
    if score.log.startswith('logs/'):
        assert re.fullmatch('[0-9a-f]{64}', score.checksum), 'the sha256 of the last checkpoint'
        last = json.loads((DOCS / score.log).read_text().splitlines()[-1])
        # Scores of change are shares, the others per cent.
        logged = [share for value in last.values() for share in (value, 100 * value)]
    for value in score.metrics.values():
        stated = f'{value:g}' in page or f'{value / 100:.3f}' in page
        assert stated if page else any(abs(value - found) <= 0.0051 for found in logged), value


def test_scores_of_one_size_are_not_those_of_the_family() -> None:
    giant, base = (RECORDS[f'cgeartheye/cgeartheye-{size}_dino_60e_dior-784.py'] for size in ('giant', 'base'))
    assert giant.published[0].metrics == {'AP50': 82.62} and not base.published
    assert published_text(base) == 'none for this size' and base.data.task == 'horizontal detection'


def test_braces_stand_for_alternatives() -> None:
    assert expand('a-{b,c}_{1,2}') == ['a-b_1', 'a-b_2', 'a-c_1', 'a-c_2'] and expand('plain') == ['plain']


@pytest.mark.parametrize(
    ('model', 'found'),
    [
        ('  - {Name: a_isaid-1}', 'In Collection missing'),
        ('  - {Name: a_isaid-1, In Collection: D}', 'In Collection: D'),
        ('  - {Name: a_isaid-1, In Collection: C, Seed: 1}', 'Seed missing or unknown'),
        ('  - {Name: a_nowhere-1, In Collection: C}', "dataset 'nowhere'"),
        ('  - {Name: a_isaid-1, In Collection: C, Published: [{Metrics: {F1: 1}}]}', 'Source missing'),
        ('  - {Name: a_isaid-1, In Collection: C, Measured: {Seed: 0}}', 'expected a list'),
        (
            '  - {Name: a_isaid-1, In Collection: C, Published: [{Of: b, Metrics: {F1: 1}, Source: s}]}',
            "Published of 'b'",
        ),
        (
            '  - {Name: a_isaid-1, In Collection: C}\n  - {Name: "a_{isaid,loveda}-1", In Collection: C}',
            'second record',
        ),
        ('  - {', 'YAML'),
    ],
)
def test_a_broken_metafile_is_named(model: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'metafile\.yml') as error:
        read_zoo(write(tmp_path, HEAD + model))
    assert found in str(error.value)


def test_unknown_sections_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='Modles'):
        read_zoo(write(tmp_path, 'Modles: []'))


def test_own_datasets_serve_all_methods(tmp_path: Path) -> None:
    data = 'Datasets:\n  - {Name: mine, Title: My data, Task: segmentation, Folder: f, Layout: [x], Fetch: by hand}\n'
    write(tmp_path, data)
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'metafile.yml').write_text(HEAD + '  - {Name: a_b_1_mine-1, In Collection: C}')
    (record,) = read_zoo(tmp_path)
    assert (record.config, record.data.title, record.data.catalogued) == ('other/a_b_1_mine-1.py', 'My data', False)
