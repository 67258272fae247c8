"""Configs of detectors: what they build, and one training and one validation step of each kind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from PIL import Image

import mmrs.registry  # noqa: F401
from mmrs.apis.config import list_configs, load_config
from mmrs.apis.train import train
from mmrs.datasets.catalogue.detection import ENTRIES
from mmrs.weights.catalogue import CATALOGUE

CONFIGS = [name for name in list_configs() if re.search('_(dino|rhino|orcnn|rfcos|rrtmdet)_', name)]
DEPTHS = dict(small=12, base=12, large=24, huge=32, giant=40)
SIDE = 112  # a multiple of the patch of 14 and of the strides of the pyramid


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    assert set(config.scene) == {'tile', 'overlap', 'bands', 'batch_size', 'score', 'merge_iou'}
    with torch.device('meta'), MODELS.switch_scope_and_registry(config.default_scope) as registry:
        model = registry.build(config.model)
    head = model.roi_head.bbox_head if hasattr(model, 'roi_head') else model.bbox_head
    record = {'dior': 'dior', 'dior-r': 'dior-r', 'dota': 'dota-v1.0', 'm4-sar': 'm4-sar'}[
        name.split('_')[-1].rpartition('-')[0]
    ]
    assert head.num_classes == len(next(entry for entry in ENTRIES if entry.name == record).classes)
    frozen = not any(value.requires_grad for key, value in model.named_parameters() if key.startswith('backbone.'))
    assert frozen == name.startswith('cgeartheye/')
    if frozen:
        backbone = config.model.backbone
        depth = DEPTHS[backbone.size]
        # Blocks at a third, two thirds and the end, as the paper has them for the giant.
        assert [index + 1 for index in backbone.out_indices] == [-(-depth // 3), -(-2 * depth // 3), depth]
        assert backbone.init_cfg.checkpoint == f'cgeartheye-{backbone.size}-518' and backbone.frozen_stages == depth
        assert backbone.init_cfg.checkpoint in CATALOGUE and f'-{backbone.size}_' in name


@pytest.mark.parametrize('head', ['dino_60e_dior', 'rhino_60e_dior-r'])
def test_giant_has_the_published_neck_and_heads(head: str) -> None:
    config = load_config(f'cgeartheye/cgeartheye-giant_{head}-784')
    with torch.device('meta'), MODELS.switch_scope_and_registry(config.default_scope) as registry:
        model = registry.build(config.model)
    count = {key: sum(p.numel() for p in part.parameters()) for key, part in model.named_children()}
    assert count['backbone'] == 1_136_479_232 and count['neck'] == 75_517_952
    assert model.num_queries == 900 and len(model.decoder.layers) == len(model.encoder.layers) == 6
    assert model.bbox_head.reg_branches[0][-1].out_features == (4 if 'dino' in head else 5)


def test_dior_has_the_names_and_colours_of_the_catalogue() -> None:
    for name in ('dior', 'dior-r'):
        entry = next(entry for entry in ENTRIES if entry.name == name)
        config = load_config(f'baselines/resnet-50_{"dino_60e" if name == "dior" else "orcnn_12e"}_{name}-784')
        if name == 'dior':
            assert tuple(config.metainfo.classes) == entry.classes and tuple(config.palette) == entry.palette
        assert config.data_root.endswith(entry.folder)


def shrink(config: Config, work: Path) -> Config:
    """The same config with few layers and queries, two images, one epoch, without weights."""
    model = config.model
    if model.backbone.type == 'mmrs.CGEarthEye':
        model.backbone.update(
            size=dict(embed_dims=24, num_layers=3, num_heads=3), out_indices=(0, 1, 2), frozen_stages=3, img_size=56
        )
        model.neck.update(in_channels=[24] * 3, norm_cfg=dict(type='GN', num_groups=8))
    elif model.backbone.type == 'mmrs.DualSwinV2':
        stages = dict(embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 4))
        model.backbone.update(size=stages, window_size=2, weights=None)
        model.neck.in_channels = [8, 16, 32, 64]
    model.backbone.init_cfg = None
    if 'roi_head' in model:
        for part in (model.train_cfg.rpn_proposal, model.test_cfg.rpn, model.test_cfg.rcnn):
            part.max_per_img = 20
    if 'num_queries' in model:
        model.num_queries = 10
        model.encoder.num_layers = 1
        model.decoder.num_layers = 2
        model.test_cfg.max_per_img = 10
    for pipeline in pipelines(config):
        for step in pipeline:
            for key in ('scale', 'crop_size'):
                if key in step:
                    step[key] = (SIDE, SIDE)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    config.train_dataloader.batch_size = 2
    config.train_cfg.update(max_epochs=1, val_interval=1)
    config.default_hooks.checkpoint.update(interval=1)
    config.param_scheduler = []
    config.work_dir = str(work)
    return config


def pipelines(config: Config) -> list:
    train, val = config.train_dataloader.dataset, config.val_dataloader.dataset
    return [part.pipeline for part in (*train.get('datasets', [train]), val)]


def paint(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), np.uint8)).save(path)


def write_dior(root: Path) -> None:
    """Two images a split, COCO annotations; one image without a box."""
    for split in ('trainval', 'test'):
        names = [f'{index:05d}.jpg' for index in range(3)]
        for name in names:
            paint(root / 'images' / split / name)
        images = [dict(id=i, file_name=name, width=SIDE, height=SIDE) for i, name in enumerate(names)]
        boxes = [
            dict(id=i + 1, image_id=i, category_id=i + 1, bbox=[20, 30, 40, 20], area=800, iscrowd=0) for i in range(2)
        ]
        classes = next(entry for entry in ENTRIES if entry.name == 'dior').classes
        categories = [dict(id=i + 1, name=name) for i, name in enumerate(classes)]
        path = root / 'Annotations' / f'{split}.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(images=images, annotations=boxes, categories=categories)))


CORNERS = dict(left_top=(20, 30), right_top=(60, 40), right_bottom=(56, 56), left_bottom=(16, 46))


def write_diorr(root: Path) -> None:
    """Two images a split; one of the quadrilaterals is degenerate."""
    for split, folder, first in (('train', 'trainval', 0), ('val', 'trainval', 2), ('test', 'test', 4)):
        ids = [f'{index:05d}' for index in range(first, first + 2)]
        for one in ids:
            paint(root / 'images' / folder / f'{one}.jpg')
            points = ''.join(
                f'<{a}_{k}>{v}</{a}_{k}>' for k, p in CORNERS.items() for a, v in zip('xy', p, strict=True)
            )
            line = ''.join(f'<{a}_{k}>9</{a}_{k}>' for k in CORNERS for a in 'xy')
            objects = ''.join(
                f'<object><name>{name}</name><robndbox>{corners}</robndbox></object>'
                for name, corners in (('Ship', points), ('dam', line))
            )
            path = root / 'Annotations' / 'Oriented Bounding Boxes' / f'{one}.xml'
            path.parent.mkdir(parents=True, exist_ok=True)
            size = f'<size><width>{SIDE}</width><height>{SIDE}</height></size>'
            path.write_text(f'<annotation>{size}{objects}</annotation>')
        path = root / 'ImageSets' / 'Main' / f'{split}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('\n'.join(ids))


def write_dota(root: Path) -> None:
    """Two tiles a split."""
    for split in ('train', 'val'):
        for index in range(2):
            paint(root / split / 'images' / f'P{index}.png')
            path = root / split / 'annfiles' / f'P{index}.txt'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(' '.join(str(value) for point in CORNERS.values() for value in point) + ' ship 0\n')


def write_m4sar(root: Path) -> None:
    """Two pairs a split."""
    for split in ('train', 'val', 'test'):
        names = [f'{split}{index}' for index in range(2)]
        for name in names:
            for kind in ('optical', 'sar'):
                paint(root / kind / f'{name}.jpg')
            (root / 'labelTxt').mkdir(exist_ok=True)
            corners = ' '.join(str(value) for point in CORNERS.values() for value in point)
            (root / 'labelTxt' / f'{name}.txt').write_text(f'{corners} harbor 0\n')
        (root / 'splits').mkdir(exist_ok=True)
        (root / 'splits' / f'{split}.txt').write_text('\n'.join(names))


RUNS = [
    'cgeartheye/cgeartheye-small_dino_60e_dior-784',
    'cgeartheye/cgeartheye-small_rhino_60e_dior-r-784',
    'cgeartheye/cgeartheye-small_orcnn_12e_dior-r-784',
    'cgeartheye/cgeartheye-small_rfcos_12e_dota-1024',
    'cgeartheye/cgeartheye-small_rrtmdet_12e_dota-1024',
    'baselines/resnet-50_rfcos_12e_dior-r-784',
    'mars/marsdual-base_orcnn_12e_m4-sar-512',
]


@pytest.mark.parametrize('name', RUNS)
def test_one_training_and_one_validation_step(name: str, tmp_path: Path) -> None:
    root = tmp_path / 'data'
    writers = {'dior-784': write_dior, 'dior-r-784': write_diorr, 'dota-1024': write_dota, 'm4-sar-512': write_m4sar}
    writers[name.rpartition('_')[2]](root)
    config = shrink(load_config(name, dict(data_root=str(root))), tmp_path / 'run')
    train(config)
    assert (tmp_path / 'run' / 'epoch_1.pth').is_file()
    text = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert ('bbox_mAP_50' if name.endswith('dior-784') else 'dota/mAP') in text and 'nan' not in text.lower()
