"""Gradients are clipped part by part."""

import pytest
from mmengine.optim import build_optim_wrapper
from torch import nn

import mmrs.engine  # noqa: F401  (registers the wrapper)
from mmrs.apis.train import _use_amp
from mmrs.engine.part_clip import PartClip
from mmrs.errors import ConfigError
from mmrs.registry import OPTIM_WRAPPERS


def build(model, **options):
    config = {
        'type': 'mmrs.PartClipOptimWrapper',
        'optimizer': {'type': 'SGD', 'lr': 1.0},
        'clip_grad': {'max_norm': 3.0},
        **options,
    }
    return build_optim_wrapper(model, config)


def test_every_part_by_itself():
    model = nn.ModuleDict({'student': nn.ModuleDict({'backbone': nn.Linear(4, 4), 'head': nn.Linear(4, 4)})})
    wrapper = build(model, constructor='mmrs.LayerDecayOptimWrapperConstructor')
    before = {name: p.clone() for name, p in model.named_parameters()}
    loss = sum(scale * part.weight.sum() for scale, part in zip((100, 0.1), model['student'].values(), strict=True))
    wrapper.update_params(loss)
    moved = {name: (p - before[name]).norm().item() for name, p in model.named_parameters()}
    assert moved['student.backbone.weight'] == pytest.approx(3, rel=1e-5)
    assert moved['student.head.weight'] == pytest.approx(0.4, rel=1e-5)
    logged = wrapper.message_hub.get_scalar('train/grad_norm_backbone').current()
    assert logged == pytest.approx(400, rel=1e-5)


def test_needs_names():
    wrapper = build(nn.Linear(2, 2))
    with pytest.raises(ConfigError, match='LayerDecayOptimWrapperConstructor'):
        wrapper.update_params(wrapper.param_groups[0]['params'][0].sum())


def test_mixed_precision_on_request(monkeypatch):
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    config = {'optim_wrapper': {'type': 'mmrs.PartClipOptimWrapper'}}
    _use_amp(config)
    assert config['optim_wrapper'] == {'type': 'mmrs.PartClipAmpOptimWrapper', 'dtype': 'float16'}
    assert OPTIM_WRAPPERS.get(config['optim_wrapper']['type']).__mro__[1] is PartClip
    _use_amp(config, 'bfloat16')  # a second time changes nothing else
    assert config['optim_wrapper'] == {'type': 'mmrs.PartClipAmpOptimWrapper', 'dtype': 'bfloat16'}
    config = {'optim_wrapper': {'type': 'AmpOptimWrapper', 'loss_scale': 512.0}}
    _use_amp(config, 'bfloat16')
    assert config['optim_wrapper'] == {'type': 'mmrs.AmpOptimWrapper', 'dtype': 'bfloat16'}
