from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from mmengine.model import BaseModule, initialize
from torch import nn
from weights.tiny_vit import tiny_backbone

from mmrs.errors import WeightsError
from mmrs.registry import WEIGHT_INITIALIZERS
from mmrs.weights import initializer
from mmrs.weights.initializer import PretrainedWeights


class Segmentor(BaseModule):
    """Backbone and a head that initialises itself, as hosts build them."""

    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.backbone = tiny_backbone()
        self.head = Head()


class Head(BaseModule):
    def __init__(self):
        super().__init__({'type': 'Constant', 'layer': 'Linear', 'val': 7.0})
        self.linear = nn.Linear(24, 2)


@pytest.fixture
def path(tmp_path, state):
    torch.save({'state_dict': {f'backbone.{name}': value for name, value in state.items()}}, tmp_path / 'a.pth')
    return str(tmp_path / 'a.pth')


@pytest.fixture
def calls(monkeypatch):
    """Counts real loads."""
    made = []
    load = initializer.load_pretrained
    monkeypatch.setattr(initializer, 'load_pretrained', lambda *args, **kwargs: made.append(1) or load(*args, **kwargs))
    return made


def test_mmengine_resolves_the_name_without_any_import_of_ours(tmp_path):
    code = (
        'from mmengine.registry import WEIGHT_INITIALIZERS as W\n'
        "print(W.build(dict(type='mmrs.Pretrained', checkpoint='x')).__module__)"
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith('mmrs.weights.initializer')
    assert WEIGHT_INITIALIZERS.get('Pretrained') is PretrainedWeights


def test_a_backbone_loads_once(path, state, calls):
    model = tiny_backbone(init_cfg={'type': 'mmrs.Pretrained', 'checkpoint': path, 'prefix': 'backbone'})
    model.init_weights()
    assert len(calls) == 1
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_inside_a_model_the_head_keeps_its_own_initialisation(path, state, calls):
    model = Segmentor()
    model.backbone.init_cfg = {'type': 'mmrs.Pretrained', 'checkpoint': path, 'prefix': 'backbone'}
    model.init_weights()
    assert len(calls) == 1
    assert torch.equal(model.backbone.pos_embed, state['pos_embed'])
    assert (model.head.linear.weight == 7).all()


def test_weights_of_a_whole_model_win_over_the_initialisation_of_its_parts(tmp_path, calls):
    """mmengine runs children after all initialisers but its own ``Pretrained``."""
    trained = Segmentor()
    nn.init.normal_(trained.head.linear.weight)
    torch.save({'state_dict': trained.state_dict()}, tmp_path / 'a.pth')
    model = Segmentor(init_cfg={'type': 'mmrs.Pretrained', 'checkpoint': str(tmp_path / 'a.pth')})
    model.init_weights()
    assert len(calls) == 1
    assert torch.equal(model.head.linear.weight, trained.head.linear.weight)
    assert torch.equal(model.backbone.pos_embed, trained.backbone.pos_embed)


def test_initialize_alone_works_on_a_plain_module(tmp_path):
    torch.save({'weight': torch.ones(1, 2), 'bias': torch.zeros(1)}, tmp_path / 'a.pth')
    layer = nn.Linear(2, 1)
    initialize(layer, {'type': 'mmrs.Pretrained', 'checkpoint': str(tmp_path / 'a.pth')})
    assert layer.weight.sum() == 2


def test_a_bad_checkpoint_stops_the_build(path):
    model = tiny_backbone(
        size={'embed_dims': 48, 'num_layers': 2, 'num_heads': 3},
        init_cfg={'type': 'mmrs.Pretrained', 'checkpoint': path, 'prefix': 'backbone'},
    )
    with pytest.raises(WeightsError, match='fit CGEarthEye'):
        model.init_weights()
