"""``mmrs data list | info | download | verify | stats | browse`` as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from datasets.test_download import zenodo  # noqa: F401  (a fixture)
from tiny_sets import cropland

from mmrs.cli import main
from mmrs.datasets.catalogue import ENTRIES


def mmrs(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, '-m', 'mmrs', 'data', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=120)


def test_list() -> None:
    done = mmrs('list', '--task', 'segmentation')
    rows = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert done.returncode == 0 and set(rows) == {entry.name for entry in ENTRIES if entry.task == 'segmentation'}
    assert 'mmrs data download' in rows['earthmiss'] and 'by hand' in rows['isaid']
    records = json.loads(mmrs('list', '--json').stdout)
    assert len(records) == len(ENTRIES)
    assert records[0]['splits'][0]['listing'] == 'meta/train.txt' and len(records[0]['classes']) == 30


def test_info() -> None:
    done = mmrs('info', 'sen1floods11')
    assert done.returncode == 0
    assert 'S1Hand/{id}_S1Hand.tif' in done.stdout and '-1: 255' in done.stdout and 'VV, VH' in done.stdout
    assert json.loads(mmrs('info', 'cdd', '--json').stdout)['mask_threshold'] == 128
    done = mmrs('info', 'isaidd')
    assert done.returncode == 1 and 'Did you mean isaid' in done.stderr and done.stderr.count('\n') == 1


def test_download(zenodo: str, tmp_path: Path) -> None:  # noqa: F811
    assert 'city.zip' in mmrs('download', 'earthmiss', tmp_path / 'a', '--dry-run').stdout
    assert not (tmp_path / 'a').exists()
    done = mmrs('download', 'earthmiss', '--unpack', MMRS_DATA=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'EarthMiss/Nanjing/note.txt').is_file()
    done = mmrs('download', 'isaid')
    assert done.returncode == 1 and 'By hand' in done.stderr and done.stderr.count('\n') == 1


def test_verify(tmp_path: Path) -> None:
    cropland(tmp_path / 'cropland')
    done = mmrs('verify', 'cropland', MMRS_DATA=str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert ['train', '3', 'unknown', '0'] in [line.split() for line in done.stdout.splitlines()]
    (tmp_path / 'cropland/val/Label/1.png').unlink()
    done = mmrs('verify', 'cropland', tmp_path / 'cropland', '--quick')
    assert done.returncode == 1 and 'val: missing:' in done.stdout and 'the mask of 1' in done.stdout
    told = json.loads(mmrs('verify', 'cropland', tmp_path / 'cropland', '--json').stdout)
    assert told['ok'] is False and told['splits'][1]['problems'][0]['kind'] == 'missing'


def test_stats(tmp_path: Path) -> None:
    done = mmrs('stats', 'cropland', cropland(tmp_path))
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines()}
    assert done.returncode == 0 and rows['cropland'][1] in ('50.00%', 'train:')
    assert 'background  50.00%' in done.stdout and 'red' in done.stdout
    told = json.loads(mmrs('stats', 'cropland', tmp_path, '--json', '--limit', '1').stdout)
    assert told['samples'] == 1 and told['pixel_shares'] == {'background': 0.5, 'cropland': 0.5}
    assert [row['band'] for row in told['bands']] == ['red', 'green', 'blue']


def test_browse(tmp_path: Path) -> None:
    cropland(tmp_path / 'set')
    done = mmrs('browse', 'cropland', tmp_path / 'set', '-o', tmp_path / 'sheet.png', '--count', '2')
    assert done.returncode == 0, done.stderr
    assert '2 samples of cropland train' in done.stdout and (tmp_path / 'sheet.png').stat().st_size > 1000


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['data', 'verify', 'cropland', str(tmp_path / 'nowhere')]) == 1
    assert main(['data', 'browse', 'cropland', str(tmp_path), '-o', str(tmp_path / 'a.png')]) == 1
    assert capsys.readouterr().err.count('mmrs data: error:') == 2
    with pytest.raises(SystemExit):
        main(['data', 'stats', 'cropland', '--limit', '0'])
