"""A tiny segmentation run on random images: its config as text, and the data that it needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mmengine.config import Config
from PIL import Image

REPOSITORY = Path(__file__).parents[1]

CONFIG = """
_base_ = '{runtime}'
data_root = '{data}'
norm = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[127.0] * 3, std=[60.0] * 3, bgr_to_rgb=True, pad_val=0, seg_pad_val=255,
        size=(32, 32)),
    backbone=dict(
        type='FastSCNN', downsample_dw_channels=(4, 4), global_in_channels=4, global_block_channels=(4, 4, 4),
        global_block_strides=(2, 2, 1), global_out_channels=8, higher_in_channels=4, lower_in_channels=8,
        fusion_out_channels=8, out_indices=(0, 1, 2), norm_cfg=norm, align_corners=False),
    decode_head=dict(
        type='FCNHead', in_channels=8, channels=8, num_convs=1, concat_input=False, num_classes=3, in_index=-1,
        dropout_ratio=0.3, norm_cfg=norm, align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0)),
    train_cfg=dict(), test_cfg=dict(mode='whole'))
train_pipeline = [
    dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'),
    dict(type='RandomCrop', crop_size=(32, 32)), dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'), dict(type='PackSegInputs')]
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'), dict(type='PackSegInputs')]
dataset = dict(
    type='BaseSegDataset', data_root=data_root, data_prefix=dict(img_path='images', seg_map_path='masks'),
    img_suffix='.png', seg_map_suffix='.png',
    metainfo=dict(classes=('a', 'b', 'c'), palette=[[0, 0, 0], [255, 0, 0], [0, 255, 0]]))
train_dataloader = dict(
    batch_size=2, num_workers={workers}, sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(**dataset, pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1, num_workers=0, sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**dataset, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.05, momentum=0.9))
param_scheduler = [dict(type='PolyLR', power=0.9, by_epoch=False)]
train_cfg = dict(type='IterBasedTrainLoop', max_iters={iterations}, val_interval=3)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
log_processor = dict(by_epoch=False)
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(interval=2, by_epoch=False))
"""


def write_run(folder: Path, iterations: int = 6, workers: int = 0) -> Path:
    """Writes six 48 x 48 images with masks and a config that trains on them; returns the config's path."""
    generator = np.random.default_rng(0)
    for name in ('images', 'masks'):
        (folder / 'data' / name).mkdir(parents=True, exist_ok=True)
    for number in range(6):
        mask = generator.integers(0, 3, (6, 6), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        noise = generator.integers(0, 60, (48, 48, 3), dtype=np.uint8)
        Image.fromarray(mask).save(folder / 'data' / 'masks' / f'{number}.png')
        Image.fromarray(mask[..., None] * 90 + noise).save(folder / 'data' / 'images' / f'{number}.png')
    runtime = REPOSITORY / 'configs' / '_base_' / 'mmseg_runtime.py'
    text = CONFIG.format(runtime=runtime, data=folder / 'data', iterations=iterations, workers=workers)
    config = folder / 'tiny.py'
    config.write_text(text)
    return config


def shorten(config: Config, length: int) -> None:
    """The config's schedule in ``length`` iterations or epochs."""
    key = 'max_iters' if 'max_iters' in config.train_cfg else 'max_epochs'
    ratio = length / config.train_cfg[key]
    config.train_cfg[key] = length
    for step in config.param_scheduler:
        for name in {'begin', 'end', 'T_max'} & set(step):
            step[name] = step[name] * ratio if step.by_epoch else round(step[name] * ratio)
