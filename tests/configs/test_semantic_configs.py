"""SkySense++'s second stage from configs: what they build, a step with validation, and backbones for others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from skysense import TINY
from tiny_semantic import archive

import mmrs.registry  # noqa: F401
from mmrs.apis.config import list_configs, load_config
from mmrs.apis.train import train
from mmrs.apis.zoo.check import build_on_meta
from mmrs.engine.layer_decay import LayerDecayOptimWrapperConstructor
from mmrs.models import SkySenseHR, SkySensePP
from mmrs.weights.load import load_pretrained

LARGE = sorted(name for name in list_configs() if name.startswith('skysensepp/skysensepp-huge_msl'))
QUICK = 'quickstart/skysensepp-tiny_msl_400_synthetic-mosaics-32'


@pytest.mark.parametrize('name', LARGE)
def test_published_size_and_what_trains(name: str, fixtures_dir: Path) -> None:
    config = load_config(name)
    model = build_on_meta(config)
    assert sum(p.numel() for p in model.parameters()) == 1_809_455_265
    counts = {key: sum(p.numel() for p in m.parameters() if p.requires_grad) for key, m in model.model.named_children()}
    assert round(sum(counts.values()) / 1e6, 1) == pytest.approx(1023.3, abs=0.1)
    table = json.loads((fixtures_dir / 'skysensepp' / 'full_model_param_groups.json').read_text())
    assert round(config.optim_wrapper.optimizer.lr, 7) == 2e-4 and len(table) > 1000
    release = 'release' in name
    assert model.model.modality_vae.exchange == ('sum' if release else 'mean') and model.truncate is release
    assert config.optim_wrapper.paramwise_cfg.get('decay_vit_norms', False) is release
    rate = config.train_cfg.max_iters * config.auto_scale_lr.base_batch_size
    assert rate == 30000 * 32 * config.train_dataloader.batch_size
    check_rates(config, model)


def check_rates(config: Config, model: torch.nn.Module) -> None:
    """Rates fall with depth inside the wrapper, too, and what is frozen has none."""
    options = dict(type='OptimWrapper', optimizer=config.optim_wrapper.optimizer)
    groups: list[dict] = []
    LayerDecayOptimWrapperConstructor(options, config.optim_wrapper.paramwise_cfg).add_params(groups, model)
    scale = {name: group['lr_scale'] for group in groups for name in group['param_names']}
    assert scale['model.head_rec_hr.conv_seg.weight'] == scale['model.backbone_hr.annotation.tokens'] == 1
    assert scale['model.backbone_hr.layers.3.blocks.1.mlp.fc1.weight'] == pytest.approx(0.7)
    assert scale['model.backbone_s2.blocks.12.mlp.fc1.weight'] == pytest.approx(0.7**12)
    assert not any(name.startswith('model.fusion.blocks.5.') for name in scale)


def shrink(config: Config, root: Path, work: Path) -> None:
    """The same config at tiny width, for two iterations on a tiny archive."""
    names = ['potsdam_train.json', 'deepglobe_train.json']
    config.merge_from_dict({f'{part}_dataloader.dataset.ann_files': names for part in ('train', 'val', 'test')})
    config.merge_from_dict(
        {f'{part}_dataloader.{key}': value for part in ('train', 'val', 'test') for key, value in dict(
            batch_size=2, num_workers=0, persistent_workers=False).items()}
    )  # fmt: skip
    for part in ('train', 'val', 'test'):
        dataset = config[f'{part}_dataloader'].dataset
        dataset.update(data_root=str(root), vocabulary_size=6, palettes=None)
        dataset.pipeline[0].update(size=(8, 4), cells=4)
        dataset.pipeline[1].vocabulary_size, dataset.pipeline[2].grid = 6, (2, 1)
    network = config.model.network
    for key, value in TINY.items():
        network[key] = {**network.get(key, {}), **value} if isinstance(value, dict) else value
    for part in ('backbone_hr', 'backbone_s2', 'backbone_s1', 'fusion'):
        network[part].init_cfg = None
    network.frozen_depths = dict(backbone_hr=2, backbone_s2=1, backbone_s1=1, fusion=(2, 2))
    network.head.pop('norm_cfg', None)
    config.optim_wrapper.pop('dtype', None)
    config.optim_wrapper.pop('loss_scale', None)
    config.optim_wrapper.type = 'OptimWrapper'
    config.train_cfg.update(max_iters=2, val_interval=2)
    config.default_hooks.checkpoint.interval = 2
    config.default_hooks.logger.interval = 1
    config.work_dir = str(work)


@pytest.fixture(scope='module')
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp('semantic'))


@pytest.mark.parametrize('name', LARGE)
def test_two_steps_a_validation_and_parts_for_others(name: str, root: Path, tmp_path: Path) -> None:
    config = load_config(name, dict(data_root=str(root)))
    shrink(config, root, tmp_path)
    config.train_dataloader.dataset.pipeline[0].dates = dict(s2=2, s1=3)
    config.val_dataloader.dataset.pipeline[0].dates = dict(s2=3, s1=1)
    if 'release' in name:  # the original takes one date
        config.train_dataloader.dataset.pipeline[0].dates = dict(s2=1, s1=1)
    network = config.model.network.to_dict()
    train(config)
    lines = [json.loads(line) for line in next(tmp_path.glob('*/vis_data/scalars.json')).read_text().splitlines()]
    seen = {key for line in lines for key in line}
    assert {'loss_rec', 'loss_vae', 'accuracy', 'prompt/mIoU', 'prompt/copy', 'prompt/majority'} <= seen
    assert all(torch.isfinite(torch.tensor(line['loss'])) for line in lines if 'loss' in line)
    checkpoint = next(tmp_path.glob('iter_2.pth'))
    whole = SkySensePP(**network)
    assert load_pretrained(whole, checkpoint).coverage == 1
    alone = SkySenseHR(**{**TINY['backbone_hr'], 'window_rule': 'pad'})
    assert load_pretrained(alone, checkpoint).coverage == 1
    assert torch.equal(alone.patch_embed.proj.weight, whole.backbone_hr.patch_embed.proj.weight)


def test_quickstart(root: Path, tmp_path: Path) -> None:
    config = load_config(QUICK, dict(data_root=str(root)))
    for part in ('train', 'val', 'test'):
        loader = config[f'{part}_dataloader']
        loader.update(batch_size=2, num_workers=0, persistent_workers=False)
        loader.dataset.ann_files = ['potsdam_train.json']
    config.val_dataloader.dataset.repeats = 1
    config.train_cfg.update(max_iters=1, val_interval=1)
    config.work_dir = str(tmp_path)
    train(config)
    assert 'prompt/mIoU' in next(tmp_path.glob('*/vis_data/scalars.json')).read_text()
