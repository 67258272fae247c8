"""Change configs at tiny width, and pairs in their datasets' layouts, for the tests of configs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmrs.datasets.change import KEYS
from mmrs.datasets.change_layouts import LAYOUTS

VIT = dict(embed_dims=24, num_layers=4, num_heads=3)
STAGES = dict(embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 4))


def is_change(config: Any) -> bool:
    return str(config.model.type).rpartition('.')[2] in ('BAN', 'SiamEncoderDecoder')


def shrink_change(config: Any) -> None:
    """Tiny network, crops of 56 px or 64 px."""
    model, kind = config.model, str(config.model.backbone.type)
    pixels = 56 if 'CGEarthEye' in kind else 64
    model.data_preprocessor.size = (pixels, pixels)
    if 'CGEarthEye' in kind:
        frozen = {'frozen_stages': 4} if 'frozen_stages' in model.backbone else {}
        model.backbone.update(size=VIT, out_indices=(0, 1, 2, 3), img_size=56, patch_size=14, init_cfg=None, **frozen)
        if model.type == 'mmrs.BAN':
            model.encoder_resolution = (56, 56)
            cfg = model.decode_head
            cfg.ban_cfg.clip_channels = 24
            cfg.ban_cfg.side_encoder.update(embed_dims=8, num_layers=[1, 1, 1, 1])
            cfg.ban_dec_cfg.update(in_channels=[8, 16, 40, 64], channels=16)
        else:
            model.neck.update(in_channels=[24] * 4, out_channels=24)
            _narrow(model, [48] * 4, 48)
    elif 'MaRS' in kind:
        model.backbone.update(size=STAGES, window_size=2, init_cfg=None)
        model.decode_head.in_channels = 128
    elif kind == 'ResNet':
        model.backbone.update(depth=18, base_channels=8, stem_channels=8, init_cfg=None)
        _narrow(model, [16, 32, 64, 128], 64)
    if model.test_cfg.mode == 'slide':
        model.test_cfg.update(crop_size=(pixels, pixels), stride=(pixels // 2, pixels // 2))
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        for step in loader.dataset.pipeline:
            if step.type == 'RandomCrop':
                step.crop_size = (pixels, pixels)
            if step.type == 'Resize':
                step.scale = (pixels, pixels)


def _narrow(model: Any, channels: list[int], aux: int) -> None:
    model.decode_head.update(in_channels=channels, channels=16)
    model.auxiliary_head.update(in_channels=aux, channels=16)


def paint_pairs(root: Path, config: Any, side: int = 96) -> None:
    """Two pairs a split, or as many as it has positions for, half of each changed."""
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        dataset = loader.dataset
        folders = [dataset.data_prefix[key] for key in KEYS] if 'data_prefix' in dataset else folders_of(dataset)
        suffix = '.jpg' if dataset.get('layout') == 'cdd' else '.png'
        for index in range(1 + max(dataset.get('indices') or [1])):
            values = np.random.default_rng(index)
            label = np.zeros((side, side), np.uint8)
            label[: side // 2] = 255
            layers = [values.integers(0, 255, (side, side, 3), np.uint8) for _ in range(2)]
            for folder, pixels in zip(folders, [*layers, label], strict=True):
                (root / folder).mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(root / folder / f'{index:02d}{suffix}')


def folders_of(dataset: Any) -> list[str]:
    return [f'{dataset.split}/{name}' for name in LAYOUTS[dataset.layout][0]]
