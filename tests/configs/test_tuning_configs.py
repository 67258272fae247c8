"""What trains: nothing of the backbone, low-rank adapters, or all of it, and nothing else changes between them."""

from __future__ import annotations

import re

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from torch import nn

import mmrs.registry  # noqa: F401
from mmrs.apis.config import config_root, list_configs, load_config

TUNED = [name for name in list_configs() if re.search('/cgeartheye-base_[a-z]+(lora|ft)_', name)]
QKV = 8 * (768 + 3 * 768)  # an adapter of rank 8 beside a layer of 768 to 3 x 768
DEPTH = 12


def frozen_name(name: str) -> str:
    return re.sub('(lora|ft)_', '_', name)


def build(config: Config) -> nn.Module:
    with torch.device('meta'), MODELS.switch_scope_and_registry(config.default_scope) as registry:
        return registry.build(config.model)


def trained(module: nn.Module) -> int:
    return sum(value.numel() for value in module.parameters() if value.requires_grad)


def test_every_task_has_both() -> None:
    kinds = {(re.split('lora_|ft_', name)[0].rpartition('_')[2], 'lora' in name) for name in TUNED}
    assert {head for head, lora in kinds if lora} == {'linear', 'upernet', 'ban', 'dino', 'orcnn'}
    assert {head for head, lora in kinds if not lora} == {'linear', 'upernet', 'siamupernet', 'dino', 'orcnn'}


@pytest.mark.parametrize('name', TUNED)
def test_only_the_backbone_trains_otherwise(name: str) -> None:
    config, frozen = load_config(name), load_config(frozen_name(name))
    model, plain = build(config), build(frozen)
    assert trained(plain.backbone) == 0
    total = sum(value.numel() for value in plain.backbone.parameters())
    assert trained(model.backbone) == (QKV * DEPTH if 'lora' in name else total) and total > 85e6
    assert trained(model) - trained(model.backbone) == trained(plain) > 0
    for key in ('train_dataloader', 'test_dataloader', 'optim_wrapper', 'train_cfg', 'val_evaluator', 'scene'):
        assert config.get(key) == frozen.get(key), key


@pytest.mark.parametrize('name', TUNED)
def test_a_leaf_says_no_more_than_that(name: str) -> None:
    lines = (config_root() / name).read_text().split('"""\n\n')[1]
    assert lines.startswith(f"_base_ = './{frozen_name(name).rpartition('/')[2]}'\nmodel = dict(")
    assert len(lines.splitlines()) <= 5 and lines.count(' = ') == 2
