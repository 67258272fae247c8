"""``mmrs test --tta`` with the runner, a detector of either kind and a classifier; segmentation: tests/cli."""

from __future__ import annotations

import math
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS
from tiny_zoo import quick_set_up, shrink
from zoo_data import provide

from mmrs.apis.config import load_config
from mmrs.apis.test import test as evaluate


@pytest.mark.parametrize(('name', 'score'), [
    ('baselines/resnet-50_dino_60e_dior-784', 'coco/bbox_mAP'),
    ('baselines/resnet-50_rfcos_12e_dior-r-784', 'dota/mAP'),
    ('baselines/resnet-50_linear_100e_aid-224', 'accuracy/top1'),
])  # fmt: skip
def test_views_are_predicted_merged_and_scored(
    name: str, score: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_set_up(monkeypatch.setattr)
    monkeypatch.setenv('MMRS_DATA', str(tmp_path))
    config = load_config(name)
    provide(config, None)
    config = shrink(config)
    with MODELS.switch_scope_and_registry(config.default_scope) as registry:
        torch.save({'state_dict': registry.build(deepcopy(config.model)).state_dict(), 'meta': {}}, tmp_path / 'a.pth')
    scores = evaluate(config, tmp_path / 'a.pth', work_dir=tmp_path / 'test', tta=True)
    assert math.isfinite(scores[score])
    assert config.model.type.split('.')[-1] in ('DetTTAModel', 'RotatedTTAModel', 'AverageClsScoreTTA')
