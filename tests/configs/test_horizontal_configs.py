"""Configs of Faster and Cascade (Mask) R-CNN: what they build."""

from __future__ import annotations

import re

import pytest

import mmrs.registry  # noqa: F401
from mmrs.apis.config import list_configs, load_config
from mmrs.apis.zoo.check import build_on_meta
from mmrs.datasets.catalogue import get
from mmrs.weights.catalogue import CATALOGUE

CONFIGS = [name for name in list_configs() if re.search('_(frcnn|cascade|cascademask)_', name)]


def record(name: str) -> str:
    return name.split('_')[-1].rpartition('-')[0]


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    assert config.default_scope == 'mmdet'
    assert set(config.scene) == {'tile', 'overlap', 'bands', 'batch_size', 'score', 'merge_iou'}
    model = build_on_meta(config)
    roi, number = model.roi_head, len(get(record(name)).classes)
    heads = list(roi.bbox_head) if 'cascade' in name else [roi.bbox_head]
    assert {head.num_classes for head in heads} == {number} and len(heads) == (3 if 'cascade' in name else 1)
    if '_cascademask_' in name:
        assert [head.num_classes for head in roi.mask_head] == [number] * 3
    bands = len(config.scene.bands)
    assert model.data_preprocessor.mean.numel() == bands
    trained = any(value.requires_grad for key, value in model.named_parameters() if key.startswith('backbone.'))
    assert trained != name.startswith('cgeartheye/')
    files = config.model.backbone.get('weights') or {'all': config.model.backbone.init_cfg.checkpoint}
    assert name.startswith('baselines/') or set(files.values()) <= set(CATALOGUE)
    assert {loader.dataset.data_root for loader in (config.train_dataloader, config.test_dataloader)} == {
        config.data_root
    }


def test_cascade_has_the_published_numbers() -> None:
    """MaRS specification, section 5.5."""
    model = load_config('mars/mars-large_cascade_12e_sardet-100k-512').model
    assert model.neck.in_channels == [192, 384, 768, 1536] and model.neck.num_outs == 5
    assert model.roi_head.stage_loss_weights == [1, 0.5, 0.25]
    stds = [head.bbox_coder.target_stds for head in model.roi_head.bbox_head]
    assert stds == [[0.1, 0.1, 0.2, 0.2], [0.05, 0.05, 0.1, 0.1], [0.033, 0.033, 0.067, 0.067]]
    assert all(head.reg_class_agnostic and head.loss_bbox.beta == 1.0 for head in model.roi_head.bbox_head)
    assert [stage.assigner.pos_iou_thr for stage in model.train_cfg.rcnn] == [0.5, 0.6, 0.7]
    assert (model.test_cfg.rcnn.score_thr, model.test_cfg.rcnn.nms.iou_threshold) == (0.05, 0.5)
    assert model.rpn_head.loss_bbox == dict(type='SmoothL1Loss', beta=1 / 9, loss_weight=1.0)
    masks = load_config('mars/marsdual-large_cascademask_12e_ubcv2-512').model
    assert [head.num_convs for head in masks.roi_head.mask_head] == [4] * 3 and masks.test_cfg.rcnn.max_per_img == 100
    assert [stage.mask_size for stage in masks.train_cfg.rcnn] == [28] * 3
