"""Scene classification configs: what they build, the published recipe, and one epoch of each kind at tiny width."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from tiny_sets import save

import mmrs.registry  # noqa: F401
from mmrs.apis.config import list_configs, load_config
from mmrs.apis.train import train
from mmrs.datasets.catalogue import CATALOGUE, get
from mmrs.datasets.synthetic.scene_writer import SCENES
from mmrs.weights.catalogue import CATALOGUE as WEIGHTS

CONFIGS = [name for name in list_configs() if re.search('_linear', name) and 'lora_' not in name]
TINY = dict(embed_dims=24, num_layers=2, num_heads=3)
DEPTHS = dict(small=12, base=12, large=24, huge=32, giant=40)


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    assert config.default_scope == 'mmpretrain'
    # mmpretrain's ResNet reads values while it is built: 100 MB instead of none
    device = 'cpu' if name.startswith('baselines') else 'meta'
    with torch.device(device), MODELS.switch_scope_and_registry('mmpretrain') as registry:
        model = registry.build(config.model)
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


def shrink(config: Config, work: Path, pixels: int) -> Config:
    """The same config at tiny width, one epoch, without weights."""
    if config.model.backbone.type == 'ResNet':
        config.model.backbone.update(depth=18, base_channels=8, stem_channels=8, init_cfg=None)
        config.model.head.in_channels = 64
    elif isinstance(config.model.backbone.size, str):
        config.model.backbone.update(size=TINY, img_size=28, frozen_stages=2, init_cfg=None)
        config.model.head.in_channels = 24
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=30)
        for step in loader.dataset.pipeline:
            if step.type in ('RandomResizedCrop', 'ResizeEdge'):
                step.scale = pixels
            if step.type == 'CenterCrop':
                step.crop_size = pixels
    config.train_cfg.update(max_epochs=1)
    config.work_dir = str(work)
    return config


@pytest.mark.parametrize(
    'name',
    [
        'cgeartheye/cgeartheye-small_linear_100e_aid-518',
        'baselines/resnet-50_linear_100e_resisc45-224',
        'quickstart/cgeartheye-tiny_linear_8e_aid-rsicd-64',
    ],
)
def test_one_epoch(name: str, tmp_path: Path) -> None:
    root = tmp_path / 'data'
    config = load_config(name, dict(data_root=str(root)))
    random = np.random.default_rng(0)
    dataset = CATALOGUE[config.train_dataloader.dataset.get('name', 'aid')]
    lines = []
    for label, kind in enumerate(dataset.classes):
        for folder in ('train/', 'val/') if 'quickstart' in name else ('',):
            save(root / f'{folder}{kind}/0.jpg', random.integers(0, 255, (32, 32, 3), np.uint8))
        lines.append(f'{kind}/0.jpg {label}')
    (root / 'meta').mkdir(exist_ok=True)
    for split in ('train', 'test'):
        (root / 'meta' / f'{split}.txt').write_text('\n'.join(lines))
    train(shrink(config, tmp_path / 'run', 64 if 'quickstart' in name else 28))
    text = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert 'accuracy/top1' in text and 'loss: nan' not in text
    assert list((tmp_path / 'run').glob('*.pth'))
