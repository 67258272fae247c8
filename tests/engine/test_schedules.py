"""The schedules of base configs against those of the originals."""

import copy
import json
from pathlib import Path

import mmengine.optim  # noqa: F401  (registers the schedulers)
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import PARAM_SCHEDULERS

from mmrs.engine.self_distillation import SelfDistillationHook, cosine, linear

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


SELF_DISTILLATION = SCHEDULE.with_name('cgeartheye_pretrain_450k.py')


class TestSelfDistillation:
    @pytest.fixture(scope='class')
    def reference(self, fixtures_dir):
        with np.load(fixtures_dir / 'cgeartheye' / 'dinov2_schedules.npz') as file:
            return {key: file[key] for key in ('lr', 'wd', 'mom', 'temp')}

    @pytest.fixture(scope='class')
    def config(self):
        return Config.fromfile(SELF_DISTILLATION)

    def scaled(self, config, warmup, total):
        """The schedulers of the config for another number of iterations."""
        parts = copy.deepcopy(config.param_scheduler)
        parts[0].end = parts[1].begin = warmup
        parts[1].T_max, parts[2].T_max = total - warmup, total
        parts[1].end = parts[2].end = total + 1
        return parts

    def test_rate_and_decay(self, reference, config):
        groups = [{'params': [torch.zeros(1, requires_grad=True)], 'weight_decay': decay} for decay in (0.04, 0.0)]
        optimiser = torch.optim.AdamW(groups, lr=2e-4)
        parts = [PARAM_SCHEDULERS.build({**part, 'optimizer': optimiser}) for part in self.scaled(config, 160, 1000)]
        found = []
        for _ in range(1000):
            found.append([group[key] for key in ('lr', 'weight_decay') for group in optimiser.param_groups])
            optimiser.step()
            for part in parts:
                part.step()
        lr, _, decayed, plain = np.array(found).T
        assert lr == pytest.approx(reference['lr'], rel=1e-9, abs=1e-14)
        assert decayed == pytest.approx(reference['wd'], rel=1e-9) and not plain.any()

    def test_momentum_and_temperature(self, reference, config):
        hook = SelfDistillationHook(**{k: v for k, v in config.custom_hooks[-1].items() if k != 'type'})
        momentum = [cosine(*hook.momentum, step=step, steps=1000) for step in range(1000)]
        assert momentum == pytest.approx(reference['mom'], rel=1e-12)
        steps = len(reference['temp'])
        found = [linear(*hook.teacher_temperature, step=step, steps=steps) for step in range(steps + 5)]
        assert found[:steps] == pytest.approx(reference['temp'], rel=1e-12) and set(found[steps:]) == {0.07}

    def test_numbers_of_the_config_fit_together(self, config):
        total, hook = config.train_cfg.max_iters, config.custom_hooks[-1]
        epoch = total / 500
        assert config.param_scheduler == self.scaled(config, int(80 * epoch), total)
        assert (hook.temperature_iters, hook.frozen_iters) == (30 * epoch, epoch)
        rate = 2e-4 * (config.auto_scale_lr.base_batch_size / 1024) ** 0.5
        assert config.optim_wrapper.optimizer.lr == pytest.approx(rate, rel=1e-4)
