"""Models whose parameters are shared out over two processes: shares, checkpoints, and what cannot be done."""

from functools import partial

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from two_processes import in_two_processes

from mmrs.engine.sharding import ShardedDataParallel, is_sharded, share_out_optimiser, whole, whole_states
from mmrs.errors import ConfigError
from mmrs.models.layers import ViTBlock


class Net(BaseModel):
    """Two blocks, a layer in no unit, and a parameter without axes."""

    def __init__(self):
        super().__init__()
        self.blocks, self.out = torch.nn.ModuleList(ViTBlock(6, 2) for _ in range(2)), torch.nn.Linear(6, 3)
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, inputs, data_samples=None, mode='loss'):
        for block in self.blocks:
            inputs = block(inputs)
        return {'loss': (self.scale * self.out(inputs)).square().mean()}


def step(model, optimiser, rank, seed):
    tokens = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(seed)).chunk(2)[rank]
    with torch.autocast('cpu', enabled=False):
        return float(model.train_step({'inputs': tokens}, optimiser)['loss'])


def build(precision=None):
    torch.manual_seed(0)
    model = ShardedDataParallel(Net(), precision=precision)
    wrapper = build_optim_wrapper(model, {'optimizer': {'type': 'AdamW', 'lr': 0.01}})
    wrapper.optimizer.register_load_state_dict_post_hook(share_out_optimiser)
    return model, wrapper


def work(file, rank):
    model, optimiser = build()
    step(model, optimiser, rank, 1)
    total = sum(p.numel() for p in model.parameters())
    held = sum(getattr(p, '_local_tensor', p).numel() for p in model.parameters())
    with whole_states(model.module, optimiser.optimizer):
        if rank == 0:
            torch.save((model.module.state_dict(), optimiser.optimizer.state_dict()), file)
    torch.distributed.barrier()
    weights, states = torch.load(file)
    again, same = build()
    again.module.load_state_dict(weights)
    same.optimizer.load_state_dict(states)
    for pair in ((model, optimiser), (again, same)):
        step(*pair, rank, 2)
    apart = [whole(net.module.state_dict()) for net in (model, again)]
    equal = all(torch.equal(value, apart[1][name]) for name, value in apart[0].items())
    half, other = build('bfloat16')
    loss = step(half, other, rank, 1)
    return held / total, equal, is_sharded(again), float(model.module.scale), loss, half.module.out.weight.dtype


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp('sharded')
    return in_two_processes(partial(work, folder / 'whole.pth'), folder), torch.load(folder / 'whole.pth')


def test_each_holds_about_half(found):
    shares = [share for share, *_ in found[0]]
    assert sum(shares) == pytest.approx(1, abs=0.01) and all(0.4 < share < 0.6 for share in shares)


def test_checkpoint_is_that_of_a_model_that_is_not_sharded(found):
    weights, states = found[1]
    plain = Net()
    assert plain.load_state_dict(weights).missing_keys == []
    optimiser = torch.optim.AdamW(plain.parameters())
    optimiser.load_state_dict(states)
    assert all(optimiser.state[p]['exp_avg'].shape == p.shape for p in plain.parameters())


def test_goes_on_from_a_checkpoint_as_without_one(found):
    assert [(equal, sharded) for _, equal, sharded, *_ in found[0]] == [(True, True)] * 2


def test_parameter_without_axes_learns_alike(found):
    scales = [scale for _, _, _, scale, *_ in found[0]]
    assert scales[0] == scales[1] != 1


def test_half_precision_keeps_weights_in_float32(found):
    for *_, loss, dtype in found[0]:
        assert 0 < loss < 10 and dtype == torch.float32


@pytest.mark.parametrize('precision', [None, 'int8'])
def test_needs_processes_and_a_known_precision(precision):
    with pytest.raises(ConfigError, match=r'ShardedDataParallel.*1 processes.*bfloat16.*dist_train.sh'):
        ShardedDataParallel(Net(), precision=precision)
