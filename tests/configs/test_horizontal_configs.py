"""Configs of Faster and Cascade (Mask) R-CNN: what they build, one training and one validation step of each kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from tiny_sets import coco_set

import mmrs.registry  # noqa: F401
from mmrs.apis.config import list_configs, load_config
from mmrs.apis.train import train
from mmrs.datasets.catalogue import get
from mmrs.weights.catalogue import CATALOGUE

CONFIGS = [name for name in list_configs() if re.search('_(frcnn|cascade|cascademask)_', name)]
SIDE = 56  # a multiple of the patch of 14 and of the strides of the pyramid
STAGES = dict(embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 4))


def record(name: str) -> str:
    return name.split('_')[-1].rpartition('-')[0]


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    assert config.default_scope == 'mmdet'
    assert set(config.scene) == {'tile', 'overlap', 'bands', 'batch_size', 'score', 'merge_iou'}
    with torch.device('meta'), MODELS.switch_scope_and_registry('mmdet') as registry:
        model = registry.build(config.model)
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


def shrink(config: Config, work: Path) -> Config:
    """The same config with few layers and narrow heads, one epoch, without weights."""
    model = config.model
    if model.backbone.type == 'mmrs.CGEarthEye':
        tiny = dict(embed_dims=24, num_layers=3, num_heads=3)
        model.backbone.update(size=tiny, out_indices=(0, 1, 2), frozen_stages=3, img_size=56)
        model.neck.in_channels = [24] * 3
    elif model.backbone.type != 'mmdet.ResNet':
        model.backbone.update(size=STAGES, window_size=2)
        model.backbone.pop('weights', None)
        model.neck.in_channels = [8, 16, 32, 64]
    model.backbone.init_cfg = None
    for part in (model.train_cfg.rpn_proposal, model.test_cfg.rpn):
        part.max_per_img = 20
    model.test_cfg.rcnn.max_per_img = 5
    heads = model.roi_head.bbox_head
    for head in heads if isinstance(heads, list) else [heads]:
        head.fc_out_channels = 16
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
        for step in loader.dataset.pipeline:
            step.update({key: (SIDE, SIDE) for key in ('scale', 'crop_size') if key in step})
    config.train_dataloader.batch_size = 2
    config.train_cfg.max_epochs = 1
    config.work_dir = str(work)
    return config


RUNS = {
    'mars/marssar-base_cascade_12e_sardet-100k-512': ('train', 'val'),
    'mars/marsdual-base_cascademask_12e_ubcv2-512': ('train', 'val'),
    'cgeartheye/cgeartheye-small_frcnn_12e_dior-784': ('trainval', 'test'),
}


@pytest.mark.parametrize('name', RUNS)
def test_one_training_and_one_validation_step(name: str, tmp_path: Path) -> None:
    root = coco_set(tmp_path / 'data', get(record(name)), RUNS[name], SIDE)
    train(shrink(load_config(name, dict(data_root=str(root))), tmp_path / 'run'))
    assert (tmp_path / 'run' / 'epoch_1.pth').is_file()
    text = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert 'bbox_mAP_50' in text and 'loss: nan' not in text
    assert ('segm_mAP_50' in text) == ('mask' in name)
