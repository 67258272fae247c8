"""Two steps of two processes change the weights as two steps of one process with both batches do.

Every system in the form whose losses see all processes; the form that looks at one process alone has to differ, or
the comparison would show nothing. The optimiser is SGD: its steps are as exact as the gradients, where Adam blows up
the rounding of those near zero. Nothing is dropped at random: every process draws for itself.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from skysense import TINY
from two_processes import in_two_processes

from mmrs.engine import CPUDistributedDataParallel
from mmrs.engine.sharding import ShardedDataParallel, whole
from mmrs.models import SkySensePP
from mmrs.models.pretrain import CGEarthEyePretrain, MaRSPretrain

STEPS = 2
SIZE = {'embed_dims': 12, 'num_layers': 2, 'num_heads': 2}
HEAD = {'prototypes': 16, 'hidden_features': 12, 'bottleneck': 6}
SWIN = {'embed_dims': 4, 'depths': (1, 1, 1, 1), 'num_heads': (1, 1, 2, 4)}


class SkySense(BaseModel):
    """The model with its losses, and a head whose norm does not look at the batch."""

    def __init__(self, balance: bool) -> None:
        super().__init__()
        head = {'channels': 8, 'norm_cfg': {'type': 'GN', 'num_groups': 2}, 'dropout_ratio': 0.0}
        options = {**TINY, 'head': head, 'backbone_hr': {**TINY['backbone_hr'], 'drop_path_rate': 0.0}}
        self.net, self.balance = SkySensePP(**options), balance

    def forward(self, inputs, ids, masks, present, mode):
        return self.net.loss(self.net(inputs, ids, masks, present), ids, masks, self.balance)


def distillation(**options: Any) -> CGEarthEyePretrain:
    backbone = {'type': 'mmrs.CGEarthEye', 'size': SIZE, 'img_size': 28, 'patch_size': 7, 'layer_scale_init': 1.0}
    return CGEarthEyePretrain(backbone, HEAD, HEAD, koleo_weight=1.0, **options)


def crops(count: int) -> dict[str, Any]:
    inputs = {'globals': torch.randn(2, count, 3, 28, 28), 'locals': torch.randn(3, count, 3, 14, 14)}
    masks = torch.zeros(2, count, 16, dtype=torch.bool)
    for index in range(count):
        masks[:, index, : 2 * index] = True  # unequal in number
    return {'inputs': inputs, 'masks': masks.flatten(0, 1)}


def split_crops(data: dict[str, Any], rank: int) -> dict[str, Any]:
    views, count = data['inputs']['globals'].shape[:2]
    half = slice(rank * count // 2, (rank + 1) * count // 2)
    masks = data['masks'].unflatten(0, (views, count))[:, half].flatten(0, 1)
    return {'inputs': {name: part[:, half] for name, part in data['inputs'].items()}, 'masks': masks}


def pairs(count: int) -> dict[str, Any]:
    masks = torch.zeros(count, 16, 16, dtype=torch.bool)
    for index in range(count):
        masks[index, : 2 + 3 * index] = True
    return {'inputs': torch.randn(count, 4, 64, 64), 'masks': masks}


def mosaics(count: int) -> dict[str, Any]:
    inputs = {'hr': torch.randn(count, 3, 128, 128), 's2': torch.randn(count, 10, 4, 4)}
    ids = torch.randint(0, 7, (count, 128, 128))
    ids[0, :100] = 0  # background is unequal in number too
    masks = (torch.arange(count) < 3).float().view(count, 1, 1)
    present = torch.tensor([[True, index % 4 != 3, False] for index in range(count)])
    return {'inputs': inputs, 'ids': ids, 'masks': masks, 'present': present}


def halves(data: Any, rank: int) -> Any:
    if isinstance(data, dict):
        return {name: halves(value, rank) for name, value in data.items()}
    return data.chunk(2)[rank]


@dataclass(frozen=True)
class Case:
    """A model, a batch of both processes, and the share of one."""

    build: Callable[[], BaseModel]
    batch: Callable[[int], dict[str, Any]]
    share: Callable[[dict[str, Any], int], dict[str, Any]] = halves
    equal: bool = True


def mars(**options: Any) -> MaRSPretrain:
    return MaRSPretrain(SWIN, window_size=2, drop_path_rate=0.0, mma={'drop': 0.0}, **options)


CASES = {
    'CGEarthEye, Sinkhorn': Case(lambda: distillation(gather_koleo=True), crops, split_crops),
    'CGEarthEye, centring': Case(
        lambda: distillation(gather_koleo=True, targets={'method': 'centering'}), crops, split_crops
    ),
    'CGEarthEye, KoLeo of each process': Case(distillation, crops, split_crops, equal=False),
    'MaRS': Case(lambda: mars(gather_negatives=True), pairs),
    'MaRS, labels of the release': Case(lambda: mars(gather_negatives=True, contrast={'hier_label': 'release'}), pairs),
    'MaRS, CLIP': Case(lambda: mars(gather_negatives=True, contrast_type='clip'), pairs),
    'MaRS, negatives of each process': Case(mars, pairs, equal=False),
    'SkySense++': Case(lambda: SkySense(True), mosaics),
    'SkySense++, plain mean': Case(lambda: SkySense(False), mosaics),
}
SHARDED = ('CGEarthEye, Sinkhorn', 'MaRS, CLIP')


def learn(model: BaseModel, wrapper: Any, case: Case, rank: int | None) -> dict[str, np.ndarray]:
    """Weights and running means after :data:`STEPS` steps, of one process or of one of two."""
    optimiser = {'optimizer': {'type': 'SGD', 'lr': 0.1, 'momentum': 0.9}, 'clip_grad': {'max_norm': 3.0}}
    optim_wrapper = build_optim_wrapper(wrapper, optimiser)
    generator = torch.Generator().manual_seed(7)
    for _ in range(STEPS):
        torch.manual_seed(int(torch.randint(1000, (), generator=generator)))
        data = case.batch(4)
        wrapper.train_step(data if rank is None else case.share(data, rank), optim_wrapper)
        if isinstance(model, CGEarthEyePretrain):
            model.update_teacher(0.9)
    return {name: value.numpy() for name, value in whole(model.state_dict()).items()}


def built(case: Case) -> BaseModel:
    torch.manual_seed(0)
    return case.build().train()


def work(rank: int) -> dict[str, dict[str, np.ndarray]]:
    found = {}
    for name, case in CASES.items():
        model = built(case)
        wrapper = CPUDistributedDataParallel(model, find_unused_parameters=True, broadcast_buffers=False)
        found[name] = learn(model, wrapper, case, rank)
    for name in SHARDED:
        model = built(CASES[name])
        found[f'{name}, sharded'] = learn(model, ShardedDataParallel(model), CASES[name], rank)
    return found


@pytest.fixture(scope='module')
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, np.ndarray]]]:
    return in_two_processes(work, tmp_path_factory.mktemp('processes'))


@pytest.mark.parametrize('name', CASES)
def test_two_processes_learn_what_one_learns(name: str, ranks: list[Any]) -> None:
    model = built(CASES[name])
    start = {key: value.numpy().copy() for key, value in copy.deepcopy(model).state_dict().items()}
    alone = learn(model, model, CASES[name], None)
    moved = max(np.abs(alone[key] - start[key]).max() for key in alone)
    assert moved > 1e-3
    for key in alone:
        np.testing.assert_array_equal(ranks[0][name][key], ranks[1][name][key], err_msg=key)
    apart = max(np.abs(ranks[0][name][key] - value).max() for key, value in alone.items())
    assert (apart < 1e-5 * moved + 1e-6) == CASES[name].equal, f'{name}: {apart} apart after a way of {moved}'


@pytest.mark.parametrize('name', SHARDED)
def test_sharded_processes_learn_what_others_learn(name: str, ranks: list[Any]) -> None:
    for key, value in ranks[0][name].items():
        np.testing.assert_allclose(ranks[0][f'{name}, sharded'][key], value, atol=1e-6, err_msg=key)
