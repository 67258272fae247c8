"""Self-distillation configs: what they build, and a run from small crops to large ones to a classifier."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from launching import launch
from mmengine.config import Config
from PIL import Image

import mmrs.registry  # noqa: F401
from mmrs.apis.config import list_configs, load_config
from mmrs.apis.train import train
from mmrs.apis.zoo.check import build_on_meta
from mmrs.cli import main
from mmrs.models import CGEarthEye
from mmrs.registry import MODELS
from mmrs.weights.load import load_pretrained

CONFIGS = [name for name in list_configs() if 'cgeartheye' in name and '_ssl' in name]
QUICK = 'quickstart/cgeartheye-tiny_ssl_600_synthetic-change-64'
TINY = dict(embed_dims=24, num_layers=2, num_heads=3)
BACKBONES = {'small': 21_628_800, 'base': 85_724_928, 'large': 303_227_904, 'huge': 630_846_720, 'giant': 1_134_769_664}


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    model = build_on_meta(config)
    pixels = int(re.search(r'(\d+)\.py', name)[1])
    backbone = model.student.backbone
    assert backbone.img_size == (pixels, pixels) and config.train_dataloader.dataset.data_root.startswith(
        config.data_root
    )
    assert config.train_dataloader.collate_fn.patch_size == backbone.patch_size
    crops = config.train_dataloader.dataset.pipeline[-1]
    assert [steps[0].scale for steps in crops.global_pipelines] == [pixels] * 2
    assert crops.seasonal_pipeline[0] == crops.local_pipeline[0]
    hook = config.custom_hooks[-1]
    assert hook.type == 'mmrs.SelfDistillationHook' and hook.momentum[0] == 0.992
    if name.startswith('cgeartheye/'):
        size = config.model.backbone.size
        assert f'-{size}_' in name and config.auto_scale_lr.base_batch_size == 8 * config.train_dataloader.batch_size
        positions = ((pixels // 14) ** 2 - 256 + 1) * backbone.embed_dims  # beyond 224 pixels, and the mask token
        assert sum(p.numel() for p in backbone.parameters()) == BACKBONES[size] + positions
        assert crops.local_pipeline[0].scale == 98


def write_places(root: Path) -> None:
    """Four places, one of them in all seasons."""
    random = np.random.default_rng(0)
    for season, names in (('q1', 'abcd'), ('q2', 'a'), ('q3', 'a'), ('q4', 'a')):
        (root / season).mkdir(parents=True)
        for name in names:
            Image.fromarray(random.integers(0, 255, (90, 80, 3), np.uint8)).save(root / season / f'{name}.png')


def shrink(config: Config, work: Path, pixels: int, iterations: int = 2) -> Config:
    """The same config at tiny width and size, for a few iterations."""
    model, loader = config.model, config.train_dataloader
    model.backbone.update(size=TINY, img_size=pixels)
    for head in (model.head, model.patch_head):
        head.update(prototypes=16, hidden_features=16, bottleneck=8)
    crops = loader.dataset.pipeline[-1]
    for steps in crops.global_pipelines:
        steps[0].scale = pixels
    crops.local_pipeline[0].scale = crops.seasonal_pipeline[0].scale = 28
    loader.update(batch_size=4, num_workers=0, persistent_workers=False)
    config.train_cfg.max_iters = config.default_hooks.checkpoint.interval = iterations
    config.default_hooks.logger.interval = 1
    config.work_dir = str(work)
    return config


def test_both_stages_and_a_backbone_for_others(tmp_path: Path) -> None:
    root = tmp_path / 'data'
    write_places(root)
    for stage, name, pixels in (('a', '450k_jlssd-224', 56), ('b', '10k_jlssd-518', 84)):
        config = load_config(f'cgeartheye/cgeartheye-giant_ssl_{name}', dict(data_root=str(root)))
        if stage == 'b':
            config.load_from = str(tmp_path / 'a' / 'iter_2.pth')
        train(shrink(config, tmp_path / stage, pixels))
        text = next((tmp_path / stage).glob('*/*.log')).read_text()
        assert all(word in text for word in ('loss_image', 'loss_patch', 'loss_koleo', 'feature_std', 'grad_norm_ibot'))
        assert 'loss: nan' not in text
    states = [torch.load(tmp_path / s / 'iter_2.pth', weights_only=False)['state_dict'] for s in 'ab']
    assert states[0]['student.backbone.pos_embed'].shape[1] == 17
    assert states[1]['teacher.backbone.pos_embed'].shape[1] == 37
    for state in states:
        key = 'blocks.0.mlp.fc1.weight'
        assert not torch.equal(state[f'student.backbone.{key}'], state[f'teacher.backbone.{key}'])
    backbone = CGEarthEye(TINY, img_size=70)
    report = load_pretrained(backbone, tmp_path / 'b' / 'iter_2.pth', prefix='teacher.backbone')
    assert report.coverage == 1
    assert torch.equal(backbone.blocks[1].mlp.fc1.weight, states[1]['teacher.backbone.blocks.1.mlp.fc1.weight'])


def write_scenes(root: Path) -> dict[str, str]:
    """Two classes of scenes, for training and held out, as the options of a probe."""
    random = np.random.default_rng(0)
    for folder in (root / split / name for split in ('train', 'val') for name in ('dark', 'light')):
        folder.mkdir(parents=True)
        for index in range(3):
            level = 120 * (folder.name == 'light')
            Image.fromarray(random.integers(level, level + 100, (40, 40, 3), np.uint8)).save(folder / f'{index}.png')
    return dict(train=str(root / 'train'), val=str(root / 'val'))


def test_quickstart_with_a_probe(tmp_path: Path) -> None:
    write_places(tmp_path / 'data')
    for season, date in (('q1', 'A'), ('q2', 'B')):
        (tmp_path / 'data' / 'train').mkdir(exist_ok=True)
        (tmp_path / 'data' / season).rename(tmp_path / 'data' / 'train' / date)
    states = []
    probe = dict(type='mmrs.ProbeHook', module='teacher.backbone', interval=1, pixels=32, **write_scenes(tmp_path))
    for run, options in (('plain', {}), ('probed', {f'default_hooks.probe.{key}': probe[key] for key in probe})):
        config = load_config(QUICK, dict(data_root=str(tmp_path / 'data'), **options))
        train(shrink(config, tmp_path / run, 32, 3))
        states.append(torch.load(tmp_path / run / 'iter_3.pth', weights_only=False)['state_dict'])
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())
    lines = next((tmp_path / 'probed').glob('*/vis_data/scalars.json')).read_text().splitlines()
    found = {row['step']: row for row in map(json.loads, lines) if 'probe/knn' in row}
    assert list(found) == [0, 1, 2, 3]
    assert all(
        row['probe/knn'] > 0.5 and row['probe/linear'] > 0.5 and row['probe/rank'] >= 1 for row in found.values()
    )
    assert 'probe/rank' in next((tmp_path / 'probed').glob('*/*.log')).read_text()
    speed = [row for row in map(json.loads, lines) if 'images_per_second' in row]
    assert speed and all(row['images_per_second'] > 0 and 0 <= row['data_share'] < 1 for row in speed)
    assert sorted(path.name for path in (tmp_path / 'probed').glob('*/vis_data/vis_image/*')) == [
        'attention_1.png',
        'attention_3.png',
    ]
    config.load_from = str(tmp_path / 'plain' / 'iter_3.pth')
    train(shrink(config, tmp_path / 'continued', 32))
    text = next((tmp_path / 'continued').glob('*/vis_data/scalars.json')).read_text()
    assert json.loads(text.splitlines()[0])['step'] == 0 and 'probe_random/knn' in text.splitlines()[0]


@pytest.mark.long
def test_sharded_giant_trains_goes_on_and_serves(tmp_path: Path) -> None:
    """Two processes with a share each write checkpoints that sharded, single and downstream models read."""
    write_places(tmp_path / 'data')
    giant = 'cgeartheye/cgeartheye-giant_sslfsdp_450k_jlssd-224'
    config = shrink(load_config(giant, dict(data_root=str(tmp_path / 'data'))), tmp_path / 'run', 56)
    config.model.backbone.drop_path_rate = 0.0
    config.dump(tmp_path / 'giant.py')
    first = launch('dist_train.sh', tmp_path / 'giant.py', 2)
    assert first.returncode == 0, first.stdout + first.stderr
    longer = ('train_cfg.max_iters=4', 'default_hooks.checkpoint.interval=4')
    second = launch('dist_train.sh', tmp_path / 'giant.py', 2, '--resume', '--cfg-options', *longer)
    assert second.returncode == 0, second.stdout + second.stderr
    assert 'Iter(train) [4/4]' in second.stdout and 'grad_norm_ibot_head' in second.stdout
    read = [torch.load(tmp_path / f'run/iter_{n}.pth', weights_only=False) for n in (2, 4)]
    shapes = {name: value.shape for name, value in build_on_meta(config).state_dict().items()}
    for checkpoint in read:
        assert {name: value.shape for name, value in checkpoint['state_dict'].items()} == shapes
        assert all(type(value) is torch.Tensor for value in checkpoint['state_dict'].values())
    steps = [{float(state['step']) for state in checkpoint['optimizer']['state'].values()} for checkpoint in read]
    assert steps == [{2}, {4}]
    name = 'teacher.backbone.blocks.0.mlp.fc1.weight'
    assert not torch.equal(*(checkpoint['state_dict'][name] for checkpoint in read))
    single = Config(dict(config.to_dict(), model_wrapper_cfg=None, work_dir=str(tmp_path / 'single')))
    single.train_cfg.max_iters = 3
    train(single, resume=tmp_path / 'run/iter_2.pth')
    assert (tmp_path / 'single/iter_3.pth').is_file()
    weights = dict(type='mmrs.Pretrained', checkpoint=str(tmp_path / 'run/iter_4.pth'), prefix='teacher.backbone')
    backbone = MODELS.build(dict(type='mmrs.CGEarthEye', size=TINY, img_size=56, init_cfg=weights))
    backbone.init_weights()
    assert torch.equal(backbone.blocks[0].mlp.fc1.weight, read[1]['state_dict'][name])
    exported = tmp_path / 'backbone.pth'
    assert main(['weights', 'export', str(tmp_path / 'run/iter_4.pth'), '-o', str(exported), '--to', 'mmrs']) == 0
    assert main(['weights', 'inspect', str(exported)]) == 0
    linear = load_config('cgeartheye/cgeartheye-giant_linear_100e_aid-224', {'model.backbone.size': 'giant'}).model
    linear.backbone.update(size=TINY, img_size=56, frozen_stages=2)
    linear.backbone.init_cfg.checkpoint = str(exported)
    linear.head.in_channels = TINY['embed_dims']
    with MODELS.switch_scope_and_registry('mmpretrain') as registry:
        classifier = registry.build(linear)
    classifier.init_weights()
    assert torch.equal(classifier.backbone.blocks[0].mlp.fc1.weight, read[1]['state_dict'][name])
