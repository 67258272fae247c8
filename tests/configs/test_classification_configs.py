"""Scene classification configs: what they build and the published recipe."""

from __future__ import annotations

import re

import pytest
import torch
from mmengine.registry import MODELS

import mmrs.registry  # noqa: F401
from mmrs.apis.config import list_configs, load_config
from mmrs.apis.zoo.check import build_on_meta
from mmrs.datasets.catalogue import get
from mmrs.datasets.synthetic.scene_writer import SCENES
from mmrs.weights.catalogue import CATALOGUE as WEIGHTS

CONFIGS = [name for name in list_configs() if re.search('_linear', name) and 'lora_' not in name]
TINY = dict(embed_dims=24, num_layers=2, num_heads=3)
DEPTHS = dict(small=12, base=12, large=24, huge=32, giant=40)


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    assert config.default_scope == 'mmpretrain'
    model = build_on_meta(config)
    dataset = config.train_dataloader.dataset
    known = get(dataset.get('name', 'treesatai' if 'treesatai' in name else 'aid')).classes
    classes = SCENES if 'synthetic' in name else known
    assert config.model.head.num_classes == len(classes)
    assert config.train_dataloader.dataset.data_root.startswith(config.data_root)
    assert config.train_dataloader.dataset != config.val_dataloader.dataset
    if name.startswith('cgeartheye/'):
        backbone = config.model.backbone
        assert backbone.init_cfg.checkpoint in WEIGHTS and f'-{backbone.size}_' in name
        assert backbone.frozen_stages == (-1 if 'linearft' in name else DEPTHS[backbone.size])
        trained = [key for key, value in model.named_parameters() if value.requires_grad]
        assert ('linearft' in name) == any(key.startswith('backbone.') for key in trained)
        assert model.head.layers.head.in_features == model.backbone.embed_dims
        assert (config.optim_wrapper.optimizer.lr, config.train_cfg.max_epochs) == (1e-4, 100)


def test_head_starts_from_zero_and_smooths_as_published() -> None:
    config = load_config('cgeartheye/cgeartheye-small_linear_100e_aid-518')
    config.model.backbone.update(size=TINY, img_size=28, frozen_stages=2, init_cfg=None)
    config.model.head.in_channels = 24
    with MODELS.switch_scope_and_registry('mmpretrain') as registry:
        model = registry.build(config.model)
    model.init_weights()
    assert all(value.eq(0).all() for value in model.head.parameters())
    loss = model.head.loss_module
    scores, label = torch.randn(4, 30), torch.tensor([0, 3, 7, 29])
    epsilon = 0.1 / 1.1
    target = (1 - epsilon) * torch.nn.functional.one_hot(label, 30) + epsilon / 30
    expected = -(target * scores.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(loss(scores, label), expected)
