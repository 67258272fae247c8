"""The hook of self-distillation around training steps of a small model."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from torch import nn

from mmrs.engine import SelfDistillationHook
from mmrs.errors import ConfigError


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.last_layer = nn.Linear(3, 3), nn.Linear(3, 3)
        self.momenta, self.teacher_temperature = [], None

    def update_teacher(self, momentum):
        self.momenta.append(momentum)


def build(apart=('last_layer',), counts=1):
    model = Model()
    config = {
        'constructor': 'mmrs.LayerDecayOptimWrapperConstructor',
        'optimizer': {'type': 'AdamW', 'lr': 0.1},
        'paramwise_cfg': {'apart': list(apart)},
        'accumulative_counts': counts,
    }
    wrapper = build_optim_wrapper(model, config)
    hub = MessageHub.get_instance('self-distillation')
    return SimpleNamespace(model=model, optim_wrapper=wrapper, iter=0, max_iters=4, message_hub=hub)


def step(runner, hook):
    """One training step as the runner takes it; returns what moved."""
    before = {name: p.clone() for name, p in runner.model.named_parameters()}
    hook.before_train_iter(runner, 0)
    loss = runner.model.last_layer(runner.model.body(torch.ones(2, 3))).square().mean()
    runner.optim_wrapper.update_params(loss)
    hook.after_train_iter(runner, 0)
    runner.iter += 1
    return {name.split('.')[0] for name, p in runner.model.named_parameters() if not torch.equal(p, before[name])}


def rates(runner):
    return [group['lr'] for group in runner.optim_wrapper.optimizer.param_groups]


def test_last_layer_is_frozen_at_first_and_learns_then():
    runner, hook = build(), SelfDistillationHook(frozen_iters=2)
    hook.before_train(runner)
    before = rates(runner)
    moved = []
    for _ in range(3):
        moved.append(step(runner, hook))
        assert rates(runner) == before  # as the schedulers and the checkpoint find them
    assert moved == [{'body'}, {'body'}, {'body', 'last_layer'}]


def test_momentum_and_temperature_of_every_step():
    runner = build()
    hook = SelfDistillationHook((0.9, 1.0), (0.04, 0.08), temperature_iters=3, frozen_iters=0)
    temperatures = []
    for _ in range(4):
        step(runner, hook)
        temperatures.append(runner.model.teacher_temperature)
    assert temperatures == pytest.approx([0.04, 0.06, 0.08, 0.08])
    assert runner.model.momenta == pytest.approx([0.9, 0.914645, 0.95, 0.985355], abs=1e-6)
    assert runner.message_hub.get_scalar('train/teacher_momentum').current() == runner.model.momenta[-1]


def test_teacher_waits_for_accumulated_gradients():
    runner, hook = build(counts=2), SelfDistillationHook(frozen_iters=0)
    runner.optim_wrapper.initialize_count_status(runner.model, 0, 4)
    moved = [step(runner, hook) for _ in range(4)]
    assert [bool(names) for names in moved] == [False, True, False, True]
    assert len(runner.model.momenta) == 2


def test_a_layer_that_cannot_be_told_apart():
    with pytest.raises(ConfigError, match='a group of its own'):
        SelfDistillationHook().before_train(build(apart=()))
    with pytest.raises(ConfigError, match="found 'head'"):
        SelfDistillationHook(frozen='head').before_train(build())
    SelfDistillationHook(frozen='head', frozen_iters=0).before_train(build())


@pytest.mark.parametrize('options', [{'momentum': (0.9, 1.1)}, {'teacher_temperature': (0.0, 0.07)}])
def test_bad_options(options):
    with pytest.raises(ConfigError, match='SelfDistillationHook'):
        SelfDistillationHook(**options)
