"""Processes of dask: a lost worker loses nothing, and a killed run goes on to the same files."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from raw_archive import contents, double_or_die, write_archive

from mmrs.cli import main
from mmrs.datasets.pretraining.cluster import workers
from mmrs.errors import ConfigError

OPTIONS = ['--tile', '32', '--val-share', '0.5', '--block', '300']


def test_a_lost_worker_loses_nothing(tmp_path: Path) -> None:
    marker = str(tmp_path / 'died')
    with workers(2) as run:
        found = sorted(run(double_or_die, [(number, marker) for number in range(150)]))
    assert Path(marker).exists()
    assert found == [2 * number for number in range(150)]


def test_a_killed_run_ends_in_the_files_of_one_that_was_not(tmp_path: Path) -> None:
    raw = write_archive(tmp_path / 'raw', 6)
    assert main(['data', 'build', str(raw), str(tmp_path / 'whole'), *OPTIONS, '--workers', '0']) == 0
    command = [sys.executable, '-m', 'mmrs', 'data', 'build', raw, tmp_path / 'out', *OPTIONS, '--workers']
    with subprocess.Popen([*map(str, command), '2'], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(tmp_path.glob('out/.build/records/*/*')):
            time.sleep(0.01)
        process.kill()
    answer = subprocess.run([*map(str, command), '1'], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert '6 tasks done, 0 kept' not in answer.stdout
    assert contents(tmp_path / 'out') == contents(tmp_path / 'whole')


def test_an_address_where_nothing_answers_is_an_error() -> None:
    with pytest.raises(ConfigError, match='dask scheduler'), workers(scheduler='tcp://127.0.0.1:9', patience='1s'):
        pass


def test_without_the_extra_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, 'distributed', None)
    with pytest.raises(ConfigError, match=r"pip install 'mmrs\[data\]'"), workers(1):
        pass
