"""Images a second and the share of waiting, with a clock that the test turns."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub

from mmrs.engine import ThroughputHook
from mmrs.engine.throughput import samples_of


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(time=100.0)
    monkeypatch.setattr('mmrs.engine.throughput.time.perf_counter', lambda: now.time)
    return now


def step(hook, runner, clock, wait, work, batch):
    clock.time += wait
    hook.before_train_iter(runner, 0, batch)
    clock.time += work
    hook.after_train_iter(runner, 0, batch)


def test_scalars(clock, monkeypatch):
    monkeypatch.setattr('mmrs.engine.throughput.get_world_size', lambda: 2)
    hub = MessageHub.get_instance('throughput')
    runner = SimpleNamespace(message_hub=hub, train_dataloader=SimpleNamespace(batch_size=8))
    hook, batch = ThroughputHook(window=2), {'inputs': {'globals': torch.zeros(2, 8, 3, 4, 4)}}
    hook.before_train(runner)
    step(hook, runner, clock, 60, 60, batch)  # the start of workers and kernels
    assert 'train/images_per_second' not in hub.log_scalars
    step(hook, runner, clock, 1, 3, batch)
    assert hub.get_scalar('train/images_per_second').current() == 4  # 2 x 8 in 4 s
    assert hub.get_scalar('train/data_share').current() == 0.25
    clock.time += 500
    hook.after_val_epoch(runner)
    step(hook, runner, clock, 0, 4, {'inputs': torch.zeros(4, 3, 8, 8)})
    assert hub.get_scalar('train/images_per_second').current() == 3  # 2 x 12 in 8 s
    assert hub.get_scalar('train/data_share').current() == 0.125
    step(hook, runner, clock, 4, 0, batch)  # the window has moved on
    assert hub.get_scalar('train/data_share').current() == 0.5


def test_samples():
    assert samples_of({'inputs': [1, 2, 3]}, 9) == 3
    assert samples_of({'inputs': torch.zeros(4, 1)}, 9) == 4
    assert samples_of({'inputs': {'globals': 0}}, 9) == samples_of([1, 2], 9) == 9
