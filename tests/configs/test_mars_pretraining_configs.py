"""Pre-training configs of MaRS: what they build, and runs from pairs to optical images to a backbone for others."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from tiny_sets import save

from mmrs.apis.config import list_configs, load_config
from mmrs.apis.train import train
from mmrs.apis.zoo.check import build_on_meta
from mmrs.models import MaRS
from mmrs.models.pretrain import RELEASE, CrossContrast, MaRSPretrain
from mmrs.weights.catalogue import CATALOGUE
from mmrs.weights.load import load_pretrained

CONFIGS = [name for name in list_configs() if name.startswith('mars/') and '_ssl' in name]
QUICK = 'quickstart/mars-tiny_ssl_400_synthetic-pairs-64'
TINY = dict(embed_dims=4, depths=(1, 1, 2, 1), num_heads=(1, 1, 2, 4))
# Without the teacher: encoders, mask tokens, final norms, attention, decoders (specification, 2.1 to 2.4).
TRAINED = {
    'base': 86_891_768 + 86_887_672 + 2 * (128 + 2048) + 50_376_704 + 3_148_800 + 1_049_600,
    'large': 195_199_860 + 195_193_716 + 2 * (192 + 3072) + 113_313_792 + 4_721_664 + 1_573_888,
}


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    model, loader = build_on_meta(config), config.train_dataloader
    size = config.model.size
    assert f'-{size}_' in name and loader.dataset.data_root == config.data_root
    crop, mask = (step for step in loader.dataset.pipeline if step.type in ('mmrs.RandomResizedPair', 'mmrs.BlockMask'))
    assert (crop.size, mask.mask_patch_size, mask.patch_size, mask.mask_ratio) == (512, 32, 4, 0.6)
    assert (model.mask_patch_size, model.mask_ratio) == (mask.mask_patch_size, mask.mask_ratio)
    assert config.auto_scale_lr.base_batch_size == 8 * loader.batch_size
    warm, cosine = config.param_scheduler
    assert cosine.begin == warm.end - 1 and cosine.begin + cosine.T_max == config.train_cfg.max_iters
    count = sum(p.numel() for p in model.parameters() if p.requires_grad)
    if '_ssloptical_' in name:
        assert model.modalities == ('rgb',) and count < TRAINED[size]
        return
    assert count == TRAINED[size] and {key for key, p in model.named_parameters() if p.requires_grad}
    assert config.optim_wrapper.optimizer.lr == pytest.approx(1e-4 * config.auto_scale_lr.base_batch_size / 256)
    assert config.train_cfg.max_iters == 12 * (4_196_292 // 8 // loader.batch_size)
    options = {key: config.model[key] for key in RELEASE}
    if '_sslrelease_' in name:
        assert options == RELEASE
    else:
        # what the model does by itself
        defaults = {key: value.default for key, value in inspect.signature(MaRSPretrain).parameters.items()}
        assert all(value == defaults[key] for key, value in options.items() if key != 'contrast')
        assert model.cross == CrossContrast()
    for entry in (*config.model.weights.values(), config.model.teacher_weights):
        assert CATALOGUE[entry].model['size'] == size


def write_pairs(root: Path) -> None:
    """Two patches of each sensor."""
    random = np.random.default_rng(0)
    for folder, kind in (('Umbra_patches', np.uint8), ('Capella_patches', np.uint16)):
        for name in 'ab':
            save(root / folder / f'rgb/{name}.tif', random.integers(0, 255, (3, 48, 48)).astype(np.uint8))
            save(root / folder / f'sar/{name}.tif', random.integers(0, 200, (1, 48, 48)).astype(kind))


def shrink(config: Config, work: Path) -> Config:
    """The same config at tiny width and size, for two iterations, without the weights that it starts from."""
    config.model.update(size=TINY, window_size=4, weights=None, teacher_weights=None)
    loader = config.train_dataloader
    loader.update(batch_size=2, num_workers=0, persistent_workers=False)
    next(step for step in loader.dataset.pipeline if step.type == 'mmrs.RandomResizedPair').size = 64
    config.train_cfg.max_iters = config.default_hooks.checkpoint.interval = 2
    config.default_hooks.logger.interval = 1
    config.work_dir = str(work)
    return config


def logged(work: Path) -> dict[str, Any]:
    """Everything that a run logged, the last value of each."""
    lines = next(work.glob('*/vis_data/scalars.json')).read_text().splitlines()
    return {key: value for line in lines for key, value in json.loads(line).items()}


def test_pairs_then_optical_images_then_a_backbone(tmp_path: Path) -> None:
    write_pairs(tmp_path / 'pairs')
    for variant in ('sslrelease', 'ssl'):
        config = load_config(f'mars/mars-base_{variant}_12e_mars-16m-512', dict(data_root=str(tmp_path / 'pairs')))
        train(shrink(config, tmp_path / variant))
        found = logged(tmp_path / variant)
        names = {f'loss_{name}' for name in ('recon_rgb', 'recon_sar', 'teacher', 'contrast')}
        assert names < set(found) and np.isfinite(found['loss'])
        assert found['loss'] == pytest.approx(sum(found[name] for name in names), rel=1e-3)
    name = 'mars/mars-large_ssloptical_50k_optical-tiles-512'
    config = load_config(name, dict(data_root=str(tmp_path / 'pairs' / 'Umbra_patches' / 'rgb')))
    config.load_from = str(tmp_path / 'ssl' / 'iter_2.pth')
    config.optim_wrapper.optimizer.lr = 0.0
    train(shrink(config, tmp_path / 'optical'))
    assert logged(tmp_path / 'optical')['loss_recon_rgb'] > 0
    before, after = (
        torch.load(tmp_path / stage / 'iter_2.pth', weights_only=False)['state_dict'] for stage in ('ssl', 'optical')
    )
    assert not any('sar' in key or 'teacher' in key for key in after)
    assert all(torch.equal(value, before[key]) for key, value in after.items()), 'it went on from the first stage'
    encoder = MaRS(TINY, window_size=4)
    assert load_pretrained(encoder, tmp_path / 'optical' / 'iter_2.pth').coverage == 1
    key = 'layers.2.blocks.1.mlp.fc1.weight'
    assert torch.equal(encoder.state_dict()[key], before[f'encoder_rgb.encoder.{key}'])


def test_quickstart_trains_on_patches_of_mmrs_data_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmrs.cli.main import main

    monkeypatch.setenv('MMRS_DATA', str(tmp_path))
    root = str(tmp_path / 'synthetic')
    assert main(['data', 'synth', root, '--train', '2', '--val', '1', '--scene-size', '256']) == 0
    command = ['data', 'build', root, str(tmp_path / 'synthetic-pairs'), '--workers', '0', '--tile', '128']
    command += ['--optical-folder', 'img_dir/train', '--sar-folder', 'sar_dir/train', '--sensor', 'synthetic-sar']
    assert main([*command, '--val-share', '0']) == 0
    config = load_config(QUICK)
    config.model.size.update(embed_dims=12, depths=(1, 1, 1))
    config.train_dataloader.batch_size = 4
    config.train_cfg.max_iters = 3
    config.default_hooks.logger.interval = 1
    train(config, work_dir=tmp_path / 'run')
    found = logged(tmp_path / 'run')
    assert {'loss_recon_rgb', 'loss_recon_sar', 'loss_contrast', 'grad_norm'} < set(found)
    assert {'probe_rgb/linear_miou', 'probe_sar/knn', 'probe_sar/rank'} < set(found)
    assert np.isfinite(found['loss']) and (tmp_path / 'run' / 'iter_3.pth').is_file()
