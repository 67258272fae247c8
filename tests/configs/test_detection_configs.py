"""Configs of detectors: what they build."""

from __future__ import annotations

import re

import pytest

import mmrs.registry  # noqa: F401
from mmrs.apis.config import list_configs, load_config
from mmrs.apis.zoo.check import build_on_meta
from mmrs.datasets.catalogue.detection import ENTRIES
from mmrs.weights.catalogue import CATALOGUE

CONFIGS = [name for name in list_configs() if re.search('_(dino|rhino|orcnn|fcos|rfcos|rrtmdet)_', name)]
DEPTHS = dict(small=12, base=12, large=24, huge=32, giant=40)


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    assert set(config.scene) == {'tile', 'overlap', 'bands', 'batch_size', 'score', 'merge_iou'}
    model = build_on_meta(config)
    head = model.roi_head.bbox_head if hasattr(model, 'roi_head') else model.bbox_head
    record = {'dior': 'dior', 'dior-r': 'dior-r', 'dota': 'dota-v1.0', 'm4-sar': 'm4-sar'}[
        name.split('_')[-1].rpartition('-')[0].removeprefix('synthetic-')
    ]
    assert head.num_classes == len(next(entry for entry in ENTRIES if entry.name == record).classes)
    frozen = not any(value.requires_grad for key, value in model.named_parameters() if key.startswith('backbone.'))
    assert frozen == name.startswith('cgeartheye/')
    if frozen:
        backbone = config.model.backbone
        depth = DEPTHS[backbone.size]
        # Blocks at a third, two thirds and the end, as the paper has them for the giant.
        assert [index + 1 for index in backbone.out_indices] == [-(-depth // 3), -(-2 * depth // 3), depth]
        assert backbone.init_cfg.checkpoint == f'cgeartheye-{backbone.size}-518' and backbone.frozen_stages == depth
        assert backbone.init_cfg.checkpoint in CATALOGUE and f'-{backbone.size}_' in name


@pytest.mark.parametrize('head', ['dino_60e_dior', 'rhino_60e_dior-r'])
def test_giant_has_the_published_neck_and_heads(head: str) -> None:
    config = load_config(f'cgeartheye/cgeartheye-giant_{head}-784')
    model = build_on_meta(config)
    count = {key: sum(p.numel() for p in part.parameters()) for key, part in model.named_children()}
    assert count['backbone'] == 1_136_479_232 and count['neck'] == 75_517_952
    assert model.num_queries == 900 and len(model.decoder.layers) == len(model.encoder.layers) == 6
    assert model.bbox_head.reg_branches[0][-1].out_features == (4 if 'dino' in head else 5)
