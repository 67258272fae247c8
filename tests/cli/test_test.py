"""``mmrs test``: metrics, predictions, pictures, and checkpoints that do not fit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from tiny_run import write_run

from mmrs.cli import main


@pytest.fixture(scope='module')
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A config and a checkpoint of its (untrained) model."""
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    init_default_scope('mmseg')

    folder = tmp_path_factory.mktemp('run')
    config = write_run(folder)
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(config).model)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, folder / 'iter_1.pth')
    return str(config), str(folder / 'iter_1.pth')


def test_prints_metrics(run: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, show = tmp_path / 'deep' / 'all.pkl', tmp_path / 'show'
    arguments = ['--work-dir', str(tmp_path / 'w'), '--out', str(out), '--show-dir', str(show)]
    assert main(['test', *run, *arguments]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith('mIoU: '))
    assert 0 < float(line.split()[1]) < 100
    assert out.is_file()
    assert len(list(show.rglob('*.png'))) == 6


def test_augments_at_test_time(run: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['test', *run, '--tta', '--work-dir', str(tmp_path)]) == 0
    assert 'mIoU: ' in capsys.readouterr().out


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(['test', *arguments]) == 1
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_checkpoint_of_another_model(run: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ['--cfg-options', 'model.decode_head.channels=4', '--work-dir', str(tmp_path)]
    error = fails(capsys, *run, *options)
    assert 'other shape: decode_head.conv_seg.weight' in error and 'EncoderDecoder' in error


def test_missing_checkpoint(run: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert 'nowhere.pth: found no such file' in fails(capsys, run[0], 'nowhere.pth', '--work-dir', str(tmp_path))


def test_truncated_checkpoint(run: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = tmp_path / 'short.pth'
    short.write_bytes(Path(run[1]).read_bytes()[:5000])
    assert 'short.pth: found' in fails(capsys, run[0], str(short), '--work-dir', str(tmp_path))


class Payload:
    """Creates a folder when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.path,)


def test_pickle_with_code(run: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({'state_dict': {}, 'x': Payload(str(tmp_path / 'ran'))}, tmp_path / 'evil.pth')
    error = fails(capsys, run[0], str(tmp_path / 'evil.pth'), '--work-dir', str(tmp_path))
    assert 'evil.pth' in error and 'mmrs weights convert' in error
    assert not (tmp_path / 'ran').exists()


def test_wrong_options(run: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert '--out: found' in fails(capsys, *run, '--out', 'all.json', '--work-dir', str(tmp_path))
    assert '--show-dir: found' in fails(
        capsys, *run, '--show-dir', str(tmp_path), '--cfg-options', 'default_hooks.visualization=None'
    )
