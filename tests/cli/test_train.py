"""``mmrs train``: a run, a killed and resumed run, a full disk, and mistakes in the config."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tiny_run import REPOSITORY, write_run

from mmrs.cli import main
from mmrs.engine import find_resume_checkpoint
from mmrs.weights.files import read_checkpoint

TRAIN = [sys.executable, str(REPOSITORY / 'tools' / 'train.py')]


def losses(work_dir: Path) -> dict[int, float]:
    """Loss by iteration, from the log that training wrote; later runs overwrite earlier ones."""
    lines = [
        json.loads(line)
        for file in sorted(work_dir.glob('*/vis_data/*.json'))
        if file.name != 'scalars.json'
        for line in file.read_text().splitlines()
    ]
    return {line['step']: line['loss'] for line in lines if 'loss' in line}


def weights(work_dir: Path, iteration: int) -> dict[str, torch.Tensor]:
    return read_checkpoint(work_dir / f'iter_{iteration}.pth')['state_dict']


def test_trains_and_resumes_where_it_stopped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, work_dir = write_run(tmp_path, iterations=4), tmp_path / 'run'
    assert main(['train', str(config), '--work-dir', str(work_dir), '--no-validate']) == 0
    assert f'checkpoints: {work_dir}' in capsys.readouterr().out
    assert sorted(path.name for path in work_dir.glob('*.pth')) == ['iter_2.pth', 'iter_4.pth']
    assert find_resume_checkpoint(work_dir) == work_dir / 'iter_4.pth'
    longer = ['--work-dir', str(work_dir), '--resume', '--cfg-options', 'train_cfg.max_iters=6', '--no-validate']
    time.sleep(1)  # log folders are named by the second
    assert main(['train', str(config), *longer]) == 0
    assert sorted(losses(work_dir)) == [1, 2, 3, 4, 5, 6]


def test_kill_and_resume_equals_an_unbroken_run(tmp_path: Path) -> None:
    config = write_run(tmp_path, iterations=14, workers=1)
    whole, broken = tmp_path / 'whole', tmp_path / 'broken'
    assert main(['train', str(config), '--work-dir', str(whole)]) == 0
    with open(tmp_path / 'log', 'w') as log:
        process = subprocess.Popen([*TRAIN, str(config), '--work-dir', str(broken)], stdout=log, stderr=log)
        while not (broken / 'iter_6.pth').exists():
            assert process.poll() is None, (tmp_path / 'log').read_text()
            time.sleep(0.01)
        process.kill()
        process.wait()
    stopped_at = read_checkpoint(find_resume_checkpoint(broken))['meta']['iter']
    assert 4 <= stopped_at < 14  # 4: killed between the checkpoint and the pointer to it
    assert main(['train', str(config), '--work-dir', str(broken), '--resume']) == 0
    assert losses(broken) == losses(whole)
    assert len(losses(whole)) == 14
    for name, value in weights(whole, 14).items():
        assert torch.equal(value, weights(broken, 14)[name]), name


def test_full_disk_ends_the_run_and_keeps_the_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, work_dir = write_run(tmp_path, iterations=2), tmp_path / 'run'
    options = ['--work-dir', str(work_dir), '--no-validate', '--resume']
    assert main(['train', str(config), *options]) == 0
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))  # bytes a file; Python ignores the signal
    try:
        code = main(['train', str(config), *options, '--cfg-options', 'train_cfg.max_iters=6'])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 1
    assert 'iter_4.pth: found that it cannot be written' in capsys.readouterr().err
    assert [path.name for path in work_dir.glob('*.pth')] == ['iter_2.pth']
    assert not list(work_dir.glob('.*'))
    assert read_checkpoint(find_resume_checkpoint(work_dir))['meta']['iter'] == 2


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nowhere.py'], 'nowhere.py: found no such file'),
        (['CONFIG', '--cfg-options', 'modle.x=1'], "Did you mean 'model'?"),
        (['CONFIG', '--cfg-options', 'model.backbone.type=FastSCN'], 'Did you mean mmseg.FastSCNN'),
        (['CONFIG', '--cfg-options', 'model.backbone.depht=3'], "unexpected keyword argument 'depht'"),
        (['CONFIG', '--cfg-options', 'data_root=/nowhere'], '/nowhere/images: found no such file or folder'),
        (['CONFIG', '--resume', 'nowhere.pth'], 'nowhere.pth: found no such file'),
        (['CONFIG', '--auto-scale-lr'], 'no auto_scale_lr.base_batch_size'),
        (['CONFIG', '--launcher', 'pytorch'], 'tools/dist_train.sh'),
        (['CONFIG', '--cfg-options', 'load_from=nowhere.pth'], 'nowhere.pth: found no such file'),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'):
        monkeypatch.delenv(name, raising=False)
    config = write_run(tmp_path)
    arguments = [str(config) if argument == 'CONFIG' else argument for argument in arguments]
    assert main(['train', *arguments, '--work-dir', str(tmp_path / 'run')]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('mmrs train: error: ') and message in error
    assert not list((tmp_path).rglob('*.pth'))


@pytest.mark.skipif(torch.cuda.is_available(), reason='needs a machine without a GPU')
def test_mixed_precision_needs_a_gpu(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['train', str(write_run(tmp_path)), '--amp', '--work-dir', str(tmp_path / 'run')]) == 1
    assert '--amp: found no GPU' in capsys.readouterr().err
