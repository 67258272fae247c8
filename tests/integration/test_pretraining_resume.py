"""Pretraining that is killed and resumed ends with the weights of one that was not, to the last bit.

Samplers, augmentation, seasons, masks, stochastic depth, teacher, centres, schedules and the optimiser's state all go
on as if nothing had happened; so does a probe.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from tiny_semantic import archive

from configs import test_mars_pretraining_configs as mars
from configs import test_pretraining_configs as eye
from configs import test_semantic_configs as sky
from mmrs.apis.config import load_config
from mmrs.apis.train import train
from mmrs.registry import HOOKS

LENGTH, KILLED_IN = 5, 4  # checkpoints after 2 and 4; killed in the fourth, so one step is done twice


@HOOKS.register_module(name='KillInIteration', force=True)
class KillInIteration(Hook):
    """Ends the process in the middle of a step, as a scheduler or a lack of memory does."""

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        if runner.iter + 1 == KILLED_IN:
            os.kill(os.getpid(), signal.SIGKILL)


def cgeartheye(root: Path, work: Path) -> Config:
    if not (root / 'eye').is_dir():
        eye.write_places(root / 'eye')
    config = load_config('cgeartheye/cgeartheye-giant_ssl_450k_jlssd-224', dict(data_root=str(root / 'eye')))
    eye.shrink(config, work, 56)
    config.model.targets = dict(method='centering')
    config.train_dataloader.num_workers = 1
    config.optim_wrapper.accumulative_counts = 2
    return config


def mars_config(root: Path, work: Path) -> Config:
    if not (root / 'mars').is_dir():
        mars.write_pairs(root / 'mars')
    config = load_config('mars/mars-base_ssl_12e_mars-16m-512', dict(data_root=str(root / 'mars')))
    return mars.shrink(config, work)


def skysensepp(root: Path, work: Path) -> Config:
    if not (root / 'sky').is_dir():
        archive(root / 'sky')
    config = load_config('skysensepp/skysensepp-huge_msl_30k_rs-semantic-512', dict(data_root=str(root / 'sky')))
    sky.shrink(config, root / 'sky', work)
    config.update(val_cfg=None, val_dataloader=None, val_evaluator=None)
    config.default_hooks.checkpoint.save_best = None
    return config


def start(build: Callable[[Path, Path], Config], root: Path, work: Path, **options: Any) -> None:
    config = build(root, work)
    config.train_cfg.max_iters = LENGTH
    config.default_hooks.checkpoint.interval = 2
    if options.pop('kill', False):
        config.custom_hooks.append(dict(type='mmrs.KillInIteration'))
    train(config, amp='bfloat16' if build is mars_config else False, **options)


def losses(work: Path) -> dict[int, float]:
    lines = [line for path in sorted(work.glob('*/vis_data/scalars.json')) for line in path.read_text().splitlines()]
    return {row['iter']: row['loss'] for row in map(json.loads, lines) if 'loss' in row}


@pytest.mark.parametrize('build', [cgeartheye, mars_config, skysensepp])
def test_killed_and_resumed(build: Callable[[Path, Path], Config], tmp_path: Path) -> None:
    build(tmp_path, tmp_path)  # writes the data
    child = os.fork()
    if child == 0:
        try:
            torch.set_num_threads(1)  # OpenMP's threads do not survive a fork
            start(build, tmp_path, tmp_path / 'broken', kill=True)
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert [path.name for path in (tmp_path / 'broken').glob('*.pth')] == ['iter_2.pth']
    start(build, tmp_path, tmp_path / 'broken', resume=True)
    start(build, tmp_path, tmp_path / 'whole')
    assert losses(tmp_path / 'broken') == losses(tmp_path / 'whole') and len(losses(tmp_path / 'whole')) == LENGTH
    found, wanted = (
        torch.load(tmp_path / run / f'iter_{LENGTH}.pth', weights_only=False) for run in ('broken', 'whole')
    )
    for name, value in wanted['state_dict'].items():
        assert torch.equal(value, found['state_dict'][name]), name
    assert _tensors(found['optimizer']) == _tensors(wanted['optimizer'])
    assert str(found['param_schedulers']) == str(wanted['param_schedulers'])


def _tensors(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _tensors(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_tensors(value) for value in tree]
    return tree.tolist() if isinstance(tree, torch.Tensor) else tree
