"""The launch scripts, with two real processes that talk through gloo."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from launching import TOOLS, launch
from tiny_run import write_run


def test_two_processes_train_and_test(tmp_path: Path) -> None:
    config, work_dir = write_run(tmp_path, iterations=2), tmp_path / 'run'
    trained = launch('dist_train.sh', config, 2, '--work-dir', work_dir, '--cfg-options', 'find_unused_parameters=True')
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert trained.stdout.count('Trained.') == 1
    assert 'SyncBN needs GPUs' in trained.stdout + trained.stderr
    assert sorted(path.name for path in work_dir.glob('*.pth')) == ['iter_2.pth']
    tested = launch('dist_test.sh', config, work_dir / 'iter_2.pth', 2, '--work-dir', tmp_path / 'test')
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert tested.stdout.count('mIoU: ') >= 1
    reports = [json.loads(path.read_text()) for path in (tmp_path / 'test').glob('*/*.json')]
    assert len(reports) == 1 and 0 < reports[0]['mIoU'] < 100


@pytest.mark.parametrize(
    ('script', 'arguments', 'message'),
    [
        ('dist_train.sh', ['config.py'], 'usage: dist_train.sh CONFIG N'),
        ('dist_train.sh', ['config.py', 'two'], "N must be a number of processes, found 'two'"),
        ('dist_train.sh', ['config.py', '0'], 'N must be a number'),
        ('dist_test.sh', ['config.py', '2'], 'usage: dist_test.sh CONFIG CHECKPOINT N'),
        ('slurm_train.sh', ['partition'], 'usage: slurm_train.sh PARTITION JOB_NAME CONFIG'),
        ('slurm_test.sh', ['partition', 'job', 'config.py'], 'usage: slurm_test.sh'),
    ],
)
def test_wrong_usage(script: str, arguments: list[str], message: str) -> None:
    answer = launch(script, *arguments)
    assert answer.returncode == 2 and message in answer.stderr


def test_several_machines_need_an_address() -> None:
    answer = launch('dist_train.sh', 'config.py', 1, NNODES='2', MASTER_ADDR='')
    assert answer.returncode == 2 and 'needs MASTER_ADDR' in answer.stderr


def test_more_processes_than_devices() -> None:
    count = (torch.cuda.device_count() or max(2, os.cpu_count())) + 1
    answer = launch('dist_train.sh', 'config.py', count)
    assert answer.returncode == 1 and f'found {count}; expected at most {count - 1}' in answer.stderr


def test_more_processes_than_cores() -> None:
    answer = launch('dist_train.sh', 'config.py', 999)
    assert answer.returncode == 1 and 'found 999; expected at most ' in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def fake_srun(folder: Path) -> str:
    """A PATH on which ``srun`` prints its arguments."""
    (folder / 'srun').write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (folder / 'srun').chmod(0o755)
    return f'{folder}:{os.environ["PATH"]}'


def test_slurm_command(tmp_path: Path) -> None:
    answer = launch(
        'slurm_train.sh',
        'gpu',
        'job',
        'config.py',
        '--amp',
        PATH=fake_srun(tmp_path),
        GPUS='4',
        SRUN_ARGS='-A me -t 60',
    )
    lines = answer.stdout.splitlines()
    assert answer.returncode == 0, answer.stderr
    assert lines[:6] == ['-p', 'gpu', '--job-name=job', '--ntasks=4', '--ntasks-per-node=4', '--gres=gpu:4']
    assert lines[8:12] == ['-A', 'me', '-t', '60']
    assert lines[-5:] == [str(TOOLS / 'train.py'), 'config.py', '--amp', '--launcher', 'slurm']


def test_no_slurm_here() -> None:
    answer = launch('slurm_train.sh', 'gpu', 'job', 'config.py', PATH='/usr/bin:/bin')
    assert answer.returncode == 1 and 'use tools/dist_train.sh' in answer.stderr
