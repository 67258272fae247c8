"""What the check of the zoo finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mmrs.apis.zoo import check, read_zoo
from mmrs.apis.zoo.check import check_config, check_zoo, datasets_of

RECORDS = read_zoo()
QUICK = 'quickstart/cgeartheye-tiny_upernet_600_roads-epfl-128.py'
ISAID = 'cgeartheye/cgeartheye-giant_upernet_160k_isaid-518.py'


def record(name: str):
    return next(record for record in RECORDS if record.config == name)


def test_a_giant_is_built_without_memory() -> None:
    outcome = check_config(ISAID, record(ISAID))
    assert outcome.problems == () and 1.2e9 < outcome.parameters < 1.4e9


def test_data_that_the_record_does_not_describe() -> None:
    wrong = replace(record(QUICK), data=replace(record(QUICK).data, folder='elsewhere', layout=()))
    problems = ' '.join(check_config(QUICK, wrong).problems)
    assert 'layout of roads-epfl is not documented' in problems and 'documented as elsewhere' in problems


def test_a_catalogued_dataset_must_be_the_one_that_is_read() -> None:
    sos = 'skysensepp/skysenses1-large_upernet_10k_sos-256.py'
    wrong = replace(record(sos), data=replace(record(sos).data, name='cabuar'))
    assert 'train_dataloader reads sos, the record says cabuar' in check_config(sos, wrong).problems


def test_orphans_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    lonely = replace(record(QUICK), config='quickstart/none.py')
    monkeypatch.setattr(check, 'list_configs', lambda: [QUICK])
    done: list[tuple[int, int]] = []
    first, second = check_zoo([lonely], progress=lambda *state: done.append(state))
    assert first.config == QUICK and 'no record in configs/quickstart/metafile.yml' in first.problems
    assert second.problems == ('a record without a config',) and done == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ('text', 'problem'),
    [
        ('model = dict(', 'does not parse'),
        ("default_scope = 'mmseg'\nmodel = dict(type='NoSuchModel')", 'does not build: KeyError'),
    ],
)
def test_broken_configs(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / 'broken.py'
    path.write_text(text)
    outcome = check_config(str(path), record(QUICK))
    assert any(problem in found for found in outcome.problems)


def test_datasets_within_wrappers() -> None:
    inner = [dict(type='A'), dict(type='B')]
    loader = dict(dataset=dict(type='RepeatDataset', dataset=dict(type='ConcatDataset', datasets=inner)))
    assert datasets_of(loader) == inner and datasets_of(None) == [{}]
