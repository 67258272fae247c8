"""The screen shows what a person follows, the log file everything."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from tiny_run import write_run

from mmrs.cli import main

SETUP = ('System environment', 'Config:', 'Hooks will be executed', 'paramwise_options', 'OneDL', 'FileClient')

TALK = """
optim_wrapper.update(
    optimizer=dict(type='SGD', lr=0.05, weight_decay=0.1), paramwise_cfg=dict(norm_decay_mult=0.0))
custom_hooks = [dict(type='TalkativeHook')]
"""


@HOOKS.register_module()
class TalkativeHook(Hook):
    """Warns through Python and through the logger."""

    def before_train(self, runner) -> None:
        warnings.warn('a word among libraries', UserWarning, stacklevel=1)
        runner.logger.warning('a word to the user')


def train(folder: Path, capfd: pytest.CaptureFixture[str], *options: str) -> tuple[str, str]:
    """Output of a run, and its log file."""
    config, work_dir = write_run(folder, iterations=3), folder / 'run'
    with config.open('a') as file:
        file.write(TALK)
    assert main(['train', str(config), '--work-dir', str(work_dir), *options]) == 0
    captured = capfd.readouterr()
    return captured.out + captured.err, next(work_dir.glob('*/*.log')).read_text()


def test_set_up_goes_to_the_log_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    screen, log = train(tmp_path, capfd)
    assert not [word for word in (*SETUP, 'a word among libraries') if word in screen]
    for word in ('System environment', 'Config:', 'paramwise_options', 'a word among libraries'):
        assert word in log
    for word in ('a word to the user', 'Iter(train) [3/3]', 'eta: ', 'per class results', 'mIoU: '):
        assert word in screen and word in log
    assert len(screen.splitlines()) < 30
    assert str(next((tmp_path / 'run').glob('*/*.log'))) in screen.splitlines()[0]


def test_debug_shows_everything(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    screen, _ = train(tmp_path, capfd, '--cfg-options', 'log_level=DEBUG')
    assert 'System environment' in screen and 'Config:' in screen


def test_a_closed_pipe_does_not_stop_the_run(tmp_path: Path) -> None:
    config, work_dir = write_run(tmp_path, iterations=2), tmp_path / 'run'
    command = f'"{sys.executable}" -m mmrs train "{config}" --work-dir "{work_dir}" --no-validate | head -n 1'
    done = subprocess.run(['bash', '-o', 'pipefail', '-c', command], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1
    assert 'Traceback' not in done.stderr and 'Logging error' not in done.stderr
    assert (work_dir / 'iter_2.pth').is_file()
