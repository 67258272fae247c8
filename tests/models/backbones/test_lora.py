"""Low-rank adaptation: adapters train, nothing else moves, merged weights give the same features."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import load_state_dict
from mmengine.runner.checkpoint import get_state_dict
from tiny_run import write_run
from torch import nn

from mmrs.apis import test as apis_test
from mmrs.apis.model import load_model
from mmrs.apis.train import train
from mmrs.errors import ConfigError
from mmrs.models.backbones import LoRA
from mmrs.models.backbones import lora as module_under_test
from mmrs.registry import MODELS
from mmrs.weights.files import read_state_dict
from mmrs.weights.lora import merge_file, merge_state

SWIN = dict(arch=dict(embed_dims=12, depths=(1, 2), num_heads=(2, 2)), window_size=4, out_indices=(0, 1))
VIT = dict(size=dict(embed_dims=24, num_layers=2, num_heads=3), out_indices=(0, 1))
# A tiny configuration, the targets that its layers offer, and the channels of its input, for each kind of backbone.
KINDS = {
    'cgeartheye': (dict(type='mmrs.CGEarthEye', img_size=28, layer_scale_init=1.0, **VIT), ('qkv', 'proj', 'fc1'), 3),
    'swiglu': (
        dict(type='mmrs.CGEarthEye', img_size=28, size={**VIT['size'], 'ffn': 'swiglu'}, layer_scale_init=1.0),
        ('w12', 'w3'),
        3,
    ),
    'swin': (dict(type='mmrs.SwinV2', **SWIN), ('qkv', 'proj', 'reduction'), 3),
    'skysense-hr': (
        dict(type='mmrs.SkySenseHR', window_rule='pad', attention_dims=(16,), attention_heads=2, **SWIN),
        ('qkv', 'fc2'),
        3,
    ),
    'skysense-s2': (dict(type='mmrs.SkySenseS2', merge_stage=1, **VIT), ('qkv',), 10),
    'skysense-s1': (dict(type='mmrs.SkySenseS1', merge_stage=1, **VIT), (r'blocks\.1\..*',), 2),
    'dual': (
        dict(
            type='mmrs.DualSwinV2',
            size=dict(embed_dims=16, depths=(1, 1), num_heads=(2, 2)),
            window_size=4,
            out_indices=(0, 1),
            fusion='mma',
            mma=dict(num_heads=4),
        ),
        ('qkv', 'out_proj'),
        4,
    ),
}


def build(kind: str = 'cgeartheye', **options: object) -> LoRA:
    """A backbone whose norms and adapters are random, so that every one of them shows."""
    torch.manual_seed(1)
    backbone, targets, _ = KINDS[kind]
    model = LoRA(copy.deepcopy(backbone), **{'rank': 2, 'alpha': 6.0, 'targets': targets, **options})
    for name, value in model.named_parameters():
        if 'lora_up' in name or 'norm' in name:
            nn.init.normal_(value, std=0.3)
    return model


def images(kind: str = 'cgeartheye') -> torch.Tensor:
    return torch.randn(2, KINDS[kind][2], 64, 64)


@pytest.mark.parametrize('kind', KINDS)
def test_adapters_alone_train_and_merging_keeps_the_features(kind):
    model, batch = build(kind).train(), images(kind)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimiser = torch.optim.SGD([value for value in model.parameters() if value.requires_grad], lr=0.1)
    outputs = model(batch)
    assert isinstance(outputs, tuple) and all(item.ndim == 4 for item in outputs)
    sum(item.square().mean() for item in outputs).backward()
    unused = [name for name, value in model.named_parameters() if value.requires_grad and value.grad is None]
    assert unused == []
    optimiser.step()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed and all('.lora_' in name for name in changed)
    assert {f'{name}.lora_up.weight' for name in model.adapted} <= changed

    model.eval()
    state = model.state_dict()
    with torch.no_grad():
        expected = model(batch)
        plain = MODELS.build(copy.deepcopy(KINDS[kind][0])).eval()
        assert not torch.equal(expected[0], plain(batch)[0])
        plain.load_state_dict(merge_state(state), strict=True)
        merged = model.merge()
        assert not any('lora' in name for name, _ in merged.named_modules())
        for one, two, three in zip(expected, plain(batch), merged(batch), strict=True):
            torch.testing.assert_close(two, one, atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(three, one, atol=1e-5, rtol=1e-5)


def test_a_new_adapter_changes_nothing_and_equals_the_formula():
    torch.manual_seed(1)
    model = LoRA(copy.deepcopy(KINDS['cgeartheye'][0]), rank=3, alpha=6.0)
    layer, batch = model.adapted['blocks.0.attn.qkv'], torch.randn(2, 5, 24)
    assert torch.equal(layer(batch), layer.original_layer(batch))
    nn.init.normal_(layer.lora_up.weight)
    expected = layer.original_layer(batch) + 2 * batch @ layer.lora_down.weight.T @ layer.lora_up.weight.T
    torch.testing.assert_close(layer(batch), expected)
    torch.testing.assert_close(nn.functional.linear(batch, layer.weight, layer.bias), expected)


def test_targets_with_options_of_their_own():
    model = build(targets=[dict(type=r'blocks\.0\.attn\.qkv', rank=4, alpha=1.0, drop_rate=0.5), 'qkv'])
    first, second = model.adapted['blocks.0.attn.qkv'], model.adapted['blocks.1.attn.qkv']
    assert (first.lora_down.out_features, second.lora_down.out_features) == (4, 2)
    assert (first.scaling.item(), second.scaling.item()) == (0.25, 3.0)


def test_frozen_layers_stay_in_eval_mode():
    options = dict(drop_path_rate=0.9, type='mmrs.CGEarthEye', img_size=28, with_cp=True, **VIT)
    model = LoRA(options, drop_rate=0.5).train()
    drops = [part for name, part in model.module.named_modules() if 'Drop' in type(part).__name__]
    assert {part.training for part in drops if not any(part is a.lora_dropout for a in model.adapted.values())} == {
        False
    }
    assert all(adapter.lora_dropout.training for adapter in model.adapted.values())
    assert model.module.training  # recomputing of activations asks for it
    model(images())[0].sum().backward()
    model.eval()
    batch = images()
    assert torch.equal(model(batch)[0], model(batch)[0])


def test_what_the_backbone_freezes_or_does_not_run_gets_no_adapter():
    backbone, targets, _ = copy.deepcopy(KINDS['cgeartheye'])
    half = LoRA({**backbone, 'frozen_stages': 1}, targets=['qkv'])
    assert list(half.adapted) == ['blocks.1.attn.qkv']
    early = LoRA({**backbone, 'out_indices': (0,)}, targets=['qkv'])
    assert list(early.adapted) == ['blocks.0.attn.qkv']
    with pytest.raises(ConfigError, match='freezes or does not run all of them.*frozen_stages=-1'):
        LoRA({**backbone, 'frozen_stages': 2}, targets=['qkv'])


@pytest.mark.parametrize(
    ('options', 'told'),
    [
        (dict(targets=['nothing']), 'match 0 linear layers; expected names such as fc1, fc2, proj, qkv'),
        (dict(rank=0), 'rank 0'),
        (dict(targets=[dict(type='qkv', ranks=3)]), 'a dict of type, rank, alpha and drop_rate'),
        (dict(save='some'), "'some'"),
        (dict(save='adapters'), 'no init_cfg in backbone'),
    ],
)
def test_options_that_do_not_fit(options, told):
    with pytest.raises(ConfigError, match=told):
        build(**options)


def test_the_share_that_trains_is_told(monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(module_under_test, 'print_log', lambda text, *_: said.append(text))
    model = build(targets=['qkv'])
    trained = sum(value.numel() for value in model.parameters() if value.requires_grad)
    assert trained == 2 * 2 * (24 + 72)
    (line,) = said
    assert line.startswith(f'LoRA on 2 layers of CGEarthEye: {trained} of ') and line.endswith('%)')


def test_checkpoints_have_the_names_of_the_backbone_and_the_adapters():
    plain = MODELS.build(copy.deepcopy(KINDS['cgeartheye'][0]))
    model = nn.ModuleDict({'backbone': build()})
    names = {f'backbone.{name}' for name in plain.state_dict()}
    found = set(model.state_dict())
    assert names < found and all('.lora_' in name for name in found - names)
    assert set(get_state_dict(model)) == found
    for load in (lambda m, v: m.load_state_dict(v), lambda m, v: load_state_dict(m, v, strict=True)):
        other = nn.ModuleDict({'backbone': build(alpha=1.0)})
        load(other, copy.deepcopy(model.state_dict()))
        batch = images()
        assert torch.equal(other['backbone'].eval()(batch)[0], model['backbone'].eval()(batch)[0])
    assert model['backbone'].get_layer_depth('backbone.module.blocks.1.attn.qkv.lora_up.weight', 'backbone.') == (2, 4)


@pytest.fixture
def run(tmp_path: Path) -> Config:
    """A tiny segmentation run with adapters on a backbone whose weights lie in a file."""
    torch.manual_seed(3)
    backbone = dict(KINDS['cgeartheye'][0], out_strides=(8, 16))
    torch.save({'state_dict': MODELS.build(dict(backbone)).state_dict()}, tmp_path / 'base.pth')
    config = Config.fromfile(write_run(tmp_path, iterations=4))
    backbone['init_cfg'] = dict(type='mmrs.Pretrained', checkpoint=str(tmp_path / 'base.pth'))
    config.model.backbone = dict(type='mmrs.LoRA', backbone=backbone, rank=2)
    config.model.decode_head.in_channels = 24
    config.work_dir = str(tmp_path / 'run')
    return config


@pytest.mark.parametrize('save', ['all', 'adapters'])
def test_a_run_of_a_host_from_training_to_the_merged_map(run, tmp_path, save):
    run.model.backbone.save = save
    train(copy.deepcopy(run))
    path = tmp_path / 'run' / 'iter_4.pth'
    state = read_state_dict(path)
    base = torch.load(tmp_path / 'base.pth', weights_only=True)['state_dict']
    kept = {name for name in state if name.startswith('backbone.') and '.lora_' not in name}
    if save == 'adapters':
        assert kept == set()
    else:
        assert all(torch.equal(state[f'backbone.{name}'], value) for name, value in base.items())
        assert len(kept) == len(base)
    assert any(value.any() for name, value in state.items() if 'lora_up' in name)

    merged = tmp_path / 'merged.pth'
    done = merge_file(path, merged, tmp_path / 'base.pth' if save == 'adapters' else None)
    assert len(done.layers) == 2 and done.layers[0][1:] == (2, 4.0)
    plain = copy.deepcopy(run)
    plain.model.backbone = dict(run.model.backbone.backbone, init_cfg=None)
    adapted, alone = load_model(run, path), load_model(plain, merged)
    assert alone.classes == adapted.classes == ('a', 'b', 'c')
    pixels = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(alone.network(pixels), adapted.network(pixels), atol=1e-5, rtol=1e-5)
    assert 'mIoU' in apis_test.test(copy.deepcopy(run), path)
