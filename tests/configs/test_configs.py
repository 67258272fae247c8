"""Every config: its name, its length, what it builds, and one training and one validation step of each kind."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from PIL import Image
from tiny_change import is_change, paint_pairs, shrink_change
from tiny_sets import catalogue_set

import mmrs.registry  # noqa: F401
from mmrs.apis.config import config_root, list_configs, load_config
from mmrs.apis.train import train
from mmrs.datasets.catalogue import get
from mmrs.datasets.synthetic import Plan, write_dataset
from mmrs.weights.catalogue import CATALOGUE

EVERY = list_configs()
# Those of other tasks, and the variants that train the backbone too, are tested beside this file.
CONFIGS = [name for name in EVERY if not re.search('(lora|ft)_', name) and load_config(name).default_scope == 'mmseg']
NAME = re.compile(r'[a-z0-9]+-[a-z0-9]+_[a-z0-9]+_[0-9]+[ke]?_[a-z0-9-]+-[0-9]+\.py')
TINY = dict(embed_dims=24, num_layers=4, num_heads=3)
TINY_STAGES = dict(embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 4))


# One of each kind runs.
RUN = re.compile(
    'small_|quickstart|synthetic|base_upernet_160k_isaid-512|huge_upernet_160k_isaid-512|50_upernet_160k_isaid'
    '|atlantic|c2sms|sos|germany|earthmiss|deepglobe-roads|mars-base_upernet_160k_deepglobe|mars.*whu-cd|50_siam'
)
FURTHER = re.compile('unet-s5.*-256')  # as the U-Net on EarthMiss
VIT = ('mmrs.SkySenseS2', 'mmrs.SkySenseS1')


def depth(config: Config) -> int:
    size = config.model.backbone.size
    return size['num_layers'] if isinstance(size, dict) else dict(small=12, base=12, large=24, huge=32, giant=40)[size]


def shrink(config: Config, work: Path) -> Config:
    """The same config at tiny width, two images a batch, one iteration, without weights."""
    backbone, head = config.model.backbone, config.model.decode_head
    if is_change(config):
        shrink_change(config)
    elif backbone.type in VIT:
        shrink_vit(config)
    elif backbone.type == 'ResNet':
        backbone.update(init_cfg=None, base_channels=8)
        shrink_heads(config, 32)
    elif backbone.type == 'UNet':
        shrink_unet(config)
    elif backbone.type != 'mmrs.CGEarthEye':
        shrink_stages(config)
    elif isinstance(backbone.size, str):
        backbone.update(size=TINY, out_indices=(0, 1, 2, 3), frozen_stages=4, img_size=56, init_cfg=None)
        config.model.neck.update(in_channels=[24] * 4, out_channels=24)
        head.update(in_channels=[24] * 4, channels=16)
        config.model.auxiliary_head.update(in_channels=24, channels=16)
        config.model.data_preprocessor.size = (56, 56)
        config.model.test_cfg.update(crop_size=(56, 56), stride=(42, 42))
    for step in config.train_dataloader.dataset.pipeline:
        if step.type == 'RandomCrop' and not is_change(config):
            step.crop_size = tuple(config.model.data_preprocessor.size)
        if step.type == 'RandomResize':
            step.scale = (64, 64)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    config.train_dataloader.batch_size = 2
    if config.train_cfg.type == 'EpochBasedTrainLoop':
        config.train_cfg.update(max_epochs=1, val_interval=1)
    else:
        config.train_cfg.update(max_iters=1, val_interval=1)
    config.default_hooks.checkpoint.update(interval=1)
    config.work_dir = str(work)
    return config


def shrink_vit(config: Config) -> None:
    """Tiny plain backbones."""
    config.model.backbone.update(size=TINY, out_indices=(0, 1, 2, 3), init_cfg=None)
    neck = config.model.neck
    if neck.type == 'mmrs.DateFusionNeck':
        neck.fusion.update(input_dims=24, embed_dims=24, num_layers=1, num_heads=3, init_cfg=None)
    neck.get('levels', neck).update(in_channels=[24] * 4, out_channels=24)
    config.model.decode_head.update(in_channels=[24] * 4, channels=16)
    if config.model.auxiliary_head:
        config.model.auxiliary_head.update(in_channels=24, channels=16)
    config.model.data_preprocessor.size = (32, 32)


def shrink_unet(config: Config) -> None:
    """A narrow U-Net."""
    config.model.backbone.base_channels = 8
    config.model.decode_head.update(in_channels=8, channels=8)
    if config.model.auxiliary_head:
        config.model.auxiliary_head.update(in_channels=16, channels=8)
    config.model.data_preprocessor.size = (64, 64)
    if config.model.test_cfg.mode == 'slide':
        config.model.test_cfg.update(crop_size=(64, 64), stride=(48, 48))


def shrink_heads(config: Config, width: int) -> None:
    """Heads for four stages of doubling width."""
    head = config.model.decode_head
    head.update(in_channels=[width, 2 * width, 4 * width, 8 * width])
    if 'channels' in head:
        head.channels = 16
    if config.model.auxiliary_head:
        config.model.auxiliary_head.update(in_channels=4 * width, channels=16)
    config.model.data_preprocessor.size = (64, 64)
    if config.model.test_cfg.mode == 'slide':
        config.model.test_cfg.update(crop_size=(64, 64), stride=(48, 48))


def shrink_stages(config: Config) -> None:
    """Tiny backbones of four stages."""
    backbone = config.model.backbone
    backbone.update({'arch' if 'arch' in backbone else 'size': TINY_STAGES}, window_size=2, init_cfg=None)
    if backbone.type == 'mmrs.SkySenseHR':
        backbone.update(attention_dims=(8, 8, 8), attention_heads=2)
    backbone.pop('weights', None)
    shrink_heads(config, 8)


def paint(folder: Path, config: Config) -> None:
    """Two images a split in a dataset's own layout, masks with all its values."""
    for loader in (config.train_dataloader, config.val_dataloader):
        dataset = loader.dataset
        if dataset.type == 'mmrs.CatalogueSegDataset':
            catalogue_set(folder, get(dataset.name), (dataset.split,))
            continue
        name = str(dataset.type)
        suffix = dataset.get('img_suffix', '.png')
        mask_suffix = dataset.get('seg_map_suffix', '_instance_color_RGB.png' if 'iSAID' in name else '.png')
        images, masks = (folder / dataset.data_prefix[key] for key in ('img_path', 'seg_map_path'))
        for index in range(1 + max(dataset.get('indices') or [1])):
            images.mkdir(parents=True, exist_ok=True)
            masks.mkdir(parents=True, exist_ok=True)
            values = np.random.default_rng(index)
            bands = 1 if len(config.model.data_preprocessor.mean) == 1 else 3
            pixels = values.integers(0, 255, (64, 64, bands), np.uint8).squeeze()
            Image.fromarray(pixels).save(images / f'P{index}{suffix}')
            Image.fromarray(values.integers(1, 3, (64, 64), np.uint8)).save(masks / f'P{index}{mask_suffix}')


@pytest.mark.parametrize('name', EVERY)
def test_leaves_are_short_named_by_the_rule_and_say_what_they_are(name: str) -> None:
    path = config_root() / name
    text = path.read_text()
    assert NAME.fullmatch(path.name), '{model}-{size}_{head}_{schedule}_{dataset}-{pixels}.py'
    assert len(text.splitlines()) <= 30
    assert text.startswith('"""')
    if not name.startswith('quickstart/'):
        assert 'Never trained here' in text


def test_no_config_downloads_from_a_dead_hub() -> None:
    for path in config_root().rglob('*.py'):
        assert 'openmmlab' not in path.read_text().lower(), path


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    assert set(config.scene) == {'tile', 'overlap', 'bands', 'batch_size'}
    assert config.train_dataloader.dataset.data_root == config.data_root
    with torch.device('meta'), MODELS.switch_scope_and_registry(config.default_scope) as registry:
        model = registry.build(config.model)
    assert model.decode_head.num_classes >= 2
    if name.startswith('quickstart'):
        return
    trained = [key for key, value in model.named_parameters() if value.requires_grad]
    backbone = config.model.backbone
    if name.startswith('cgeartheye'):
        assert trained and not any(key.startswith('backbone.') for key in trained)
        assert backbone.out_indices[-1] + 1 == depth(config) == backbone.frozen_stages
        assert f'-{backbone.size}_' in name and backbone.init_cfg.checkpoint == f'cgeartheye-{backbone.size}-518'
    else:
        assert len(trained) == len(list(model.parameters()))
        if name.startswith('baselines/unet'):
            assert 'init_cfg' not in backbone
            return
        if name.startswith('baselines'):
            assert backbone.init_cfg.checkpoint == 'torchvision://resnet50'
            return
        files = backbone.get('weights', None) or {'all': backbone.init_cfg.checkpoint}
        assert set(files.values()) <= set(CATALOGUE)
        assert f'-{backbone.get("size", None) or backbone.arch}_' in name


def test_giant_decoder_has_the_published_size() -> None:
    config = load_config('cgeartheye/cgeartheye-giant_upernet_160k_isaid-518')
    with torch.device('meta'), MODELS.switch_scope_and_registry('mmseg') as registry:
        model = registry.build(config.model)
    count = {key: sum(p.numel() for p in part.parameters()) for key, part in model.named_children()}
    assert count['backbone'] == 1_136_479_232 and count['neck'] == 94_384_128
    assert abs(count['decode_head'] - 38.56e6) < 1e4 and abs(count['auxiliary_head'] - 3.54e6) < 1e4


@pytest.mark.parametrize('size', ['giant', 'small'])
@pytest.mark.parametrize('pixels', [518, 224])
def test_neck_scales_are_those_of_the_paper(size: str, pixels: int) -> None:
    neck = load_config(f'cgeartheye/cgeartheye-{size}_upernet_160k_isaid-518').model.neck
    grid = pixels // 14
    assert [int(grid * scale) for scale in neck.scales] == {518: [148, 74, 37, 18], 224: [64, 32, 16, 8]}[pixels]


@pytest.mark.parametrize('name', [name for name in CONFIGS if RUN.search(name) and not FURTHER.search(name)])
def test_one_training_and_one_validation_step(name: str, tmp_path: Path) -> None:
    root = tmp_path / 'data'
    config = load_config(name, dict(data_root=str(root)))
    if is_change(config):
        paint_pairs(root, config)
    elif 'synthetic' in name:
        write_dataset(root, Plan(train=2, val=1, tile=128, scene_size=32))
    else:
        paint(root, config)
    config = shrink(config, tmp_path / 'run')
    if 'quickstart' in name and 'synthetic' not in name and not is_change(config):
        config.model.data_preprocessor.size = (64, 64)
        for step in config.train_dataloader.dataset.pipeline:
            if step.type == 'RandomCrop':
                step.crop_size = (64, 64)
    train(config)
    assert list((tmp_path / 'run').glob('*_1.pth'))
    text = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert ('change/F1' if is_change(config) else 'mIoU') in text and 'loss: nan' not in text
