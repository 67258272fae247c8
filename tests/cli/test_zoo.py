"""``mmrs zoo``: listings, details, checks and the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmrs.cli import main

QUICK = 'quickstart/cgeartheye-tiny_upernet_600_roads-epfl-128'


def test_list_filters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['zoo', 'list', '--task', 'change', '--method', 'cgeartheye', '--dataset', 'levir-cd', '--json']) == 0
    records = json.loads(capsys.readouterr().out)
    assert len(records) == 6 and {record['task'] for record in records} == {'change detection'}
    assert main(['zoo', 'list', '--dataset', 'levir-cd']) == 0
    text = capsys.readouterr().out
    assert '92.46 F1' in text and 'none for this size' in text and text.endswith('how to use one.\n')


@pytest.mark.parametrize('option', ['task', 'method', 'dataset'])
def test_unknown_filters_name_the_known_ones(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    known = {'task': 'oriented detection', 'method': 'skysensepp', 'dataset': 'synthetic-change'}[option]
    assert main(['zoo', 'list', f'--{option}', 'nothing']) == 1
    assert known in capsys.readouterr().err


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['zoo', 'show', 'mars/marsdual-base_upernet_15k_earthmiss-512', '--json']) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found['weights']) == ['mars-base-rgb', 'mars-base-sar']
    assert found['weights']['mars-base-rgb'] == 'mmrs weights download mars-base-rgb'
    assert 'iter_15000.pth' in found['commands']['test'] and found['published'][0]['metrics'] == {'mIoU': 49.9}
    assert main(['zoo', 'show', 'quickstart/unet-siam_fcn_600_synthetic-change-128.py']) == 0
    text = capsys.readouterr().out
    for part in (
        'mmrs data synth',
        '{A,B,label}',
        'starts from random numbers',
        '--after AFTER.tif',
        '85.60 F1',
        'seed 0',
    ):
        assert part in text


def test_pretraining_has_nothing_to_test(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['zoo', 'list', '--task', 'pretraining', '--json']) == 0
    for record in json.loads(capsys.readouterr().out):
        assert main(['zoo', 'show', record['config'], '--json']) == 0
        assert set(json.loads(capsys.readouterr().out)['commands']) == {'train', 'on 8 GPUs'}


def test_show_what_is_not_in_the_zoo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / 'mine.py'
    path.write_text('a = 1')
    assert main(['zoo', 'show', str(path)]) == 1
    assert 'no record' in capsys.readouterr().err


def test_check(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(['zoo', 'check', '--dataset', 'roads-epfl']) == 0
    assert capsys.readouterr().out == '2 configs checked, 0 with problems\n'
    assert main(['zoo', 'check', '--task', 'change', '--method', 'cgeartheye', '--dataset', 'levir-cd', '--json']) == 0
    found = json.loads(capsys.readouterr().out)  # though LoRA logs what it adapts
    assert found['ok'] and any('lora' in outcome['config'] for outcome in found['configs'])
    from mmrs.apis.zoo import check

    # A config without a record is checked whatever the dataset.
    monkeypatch.setattr(check, 'list_configs', lambda: [f'{QUICK}.py'])
    monkeypatch.setattr('mmrs.apis.zoo.read_zoo', lambda: [])
    assert main(['zoo', 'check', '--json']) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found['ok'] and 'no record' in found['configs'][0]['problems'][0]


def test_docs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / 'zoo.md'
    page.write_text('before\n<!-- zoo: generated -->\nstale rows\n<!-- end of the zoo -->\nafter\n')
    assert main(['zoo', 'docs', str(page), '--check']) == 1
    assert f'mmrs zoo docs {page} --write' in capsys.readouterr().err
    assert main(['zoo', 'docs', str(page), '--write']) == 0 and main(['zoo', 'docs', str(page), '--check']) == 0
    text = page.read_text()
    assert text.startswith('before\n') and text.endswith('after\n') and 'stale rows' not in text and QUICK in text
