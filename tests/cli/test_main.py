"""What the command does with errors that no part of it foresaw."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mmrs.cli import doctor, main


def fail(args: object) -> int:
    raise ValueError('two\nlines')


def test_unforeseen_error_is_one_line_and_its_traceback_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, 'run', fail)
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    assert main(['doctor']) == 1
    error = capsys.readouterr().err
    match = re.fullmatch(r'mmrs doctor: error: ValueError: two lines \(traceback: (.*)\)\n', error)
    assert match and 'in fail' in Path(match.group(1)).read_text()


def test_traceback_is_shown_where_it_cannot_be_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, 'run', fail)
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path / 'gone'))
    assert main(['doctor']) == 1
    error = capsys.readouterr().err
    assert 'in fail' in error and error.endswith('mmrs doctor: error: ValueError: two lines\n')


def test_closed_stdout() -> None:
    command = f'"{sys.executable}" -m mmrs weights list >&-'
    done = subprocess.run(['sh', '-c', command], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0 and not done.stderr
