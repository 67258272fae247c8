"""The learning rates of a base config against those of the original."""

import json
from pathlib import Path

import mmengine.optim  # noqa: F401  (registers the schedulers)
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS

SCHEDULE = Path(__file__).parents[2] / 'configs' / '_base_' / 'schedules' / 'mars_pretrain_12e.py'


def schedulers(warmup, total, min_lr):
    """Those of the config, for another number of iterations."""
    linear, cosine = Config.fromfile(SCHEDULE).param_scheduler
    linear.end = warmup + 1
    cosine.update(begin=warmup, T_max=total - warmup, end=total + 1, eta_min=min_lr)
    return [linear, cosine]


def rates(configs, lr, steps):
    """The rate of every iteration, as the runner's hook steps through them."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr)
    parts = [PARAM_SCHEDULERS.build({**config, 'optimizer': optimiser}) for config in configs]
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]['lr'])
        optimiser.step()
        for part in parts:
            part.step()
    return found


@pytest.mark.parametrize(('row', 'iterations'), [(0, 12), (1, 100), (2, 3)])
def test_reference(fixtures_dir, row, iterations):
    reference = json.loads((fixtures_dir / 'mars' / 'lr_schedule.json').read_text())[row]
    warmup, total = (reference[name] * iterations for name in ('warmup_epochs', 'epochs'))
    found = rates(schedulers(warmup, total, reference['min_lr']), reference['lr'], total + 1)
    values = [found[round(epoch * iterations)] for epoch in reference['epoch']]
    assert values == pytest.approx(reference['value'], rel=1e-12, abs=1e-12 * reference['lr'])


def test_numbers_of_the_config_fit_together():
    config = Config.fromfile(SCHEDULE)
    total, epoch = config.train_cfg.max_iters, config.default_hooks.checkpoint.interval
    assert total == 12 * epoch
    assert config.param_scheduler == schedulers(epoch, total, 0.0)
    assert config.optim_wrapper.optimizer.lr == 1e-4 * config.auto_scale_lr.base_batch_size / 256
