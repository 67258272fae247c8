"""Preparing a config for a launcher, without starting processes (tests/tools starts some)."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from mmrs.engine import check_processes, distributed
from mmrs.errors import ConfigError


def test_single_process_changes_nothing_else() -> None:
    config = Config({'sync_bn': 'torch'})
    distributed.prepare(config, 'none')
    assert config.to_dict() == {'sync_bn': 'torch', 'launcher': 'none'}


@pytest.mark.parametrize('launcher', ['pytorch', 'slurm', 'mpi'])
def test_launcher_that_did_not_start_us(launcher: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in distributed.LAUNCHER_VARIABLES[launcher]:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match=distributed.LAUNCHER_VARIABLES[launcher][0]):
        distributed.prepare(Config(), launcher)


def test_more_processes_than_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    check_processes(2)
    with pytest.raises(ConfigError, match='found 3; expected at most 2'):
        check_processes(3)


def test_more_processes_than_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(distributed.os, 'cpu_count', lambda: 1)
    check_processes(2)
    with pytest.raises(ConfigError, match='found 3; expected at most 2, one for each CPU core'):
        check_processes(3)


def test_slurm_meets_at_a_port_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ('MASTER_PORT', 'MASTER_ADDR'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('SLURM_JOB_ID', '41234')
    monkeypatch.setenv('MASTER_ADDR', 'node1')
    distributed._set_address('slurm')
    assert distributed.os.environ['MASTER_PORT'] == '21234'


def test_synchronised_norm_becomes_ordinary_on_the_cpu(tmp_path) -> None:
    torch.distributed.init_process_group('gloo', f'file://{tmp_path}/meet', rank=0, world_size=1)
    try:
        model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.SyncBatchNorm(2))
        wrapped = distributed.CPUDistributedDataParallel(module=model, device_ids=[0])
        assert not any(isinstance(layer, torch.nn.SyncBatchNorm) for layer in wrapped.modules())
        assert wrapped(torch.ones(2, 1, 3, 3)).shape == (2, 2, 3, 3)
    finally:
        torch.distributed.destroy_process_group()
