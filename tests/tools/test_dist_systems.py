"""Two processes train and one tests a config of every task and of every system, on real samples.

The configs are those of the papers; only sizes that a CPU cannot carry are overridden, as a user would do it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from launching import launch
from real_samples import aid, dior, dota, levir, m4sar, sen1floods11

VIT = "model.backbone.size={'_delete_':True,'embed_dims':24,'num_layers':4,'num_heads':3}"
# Necks of detectors normalise 32 groups of channels.
WIDER = VIT.replace('24', '96')
STAGES = "model.backbone.size={'_delete_':True,'embed_dims':8,'depths':(1,1,1,1),'num_heads':(1,1,2,4)}"
FOUR_MAPS = [
    'model.backbone.out_indices=(0,1,2,3)',
    'model.neck.in_channels=[24,24,24,24]',
    'model.neck.out_channels=24',
]
THREE_MAPS = [
    'model.backbone.out_indices=(0,1,3)',
    'model.backbone.frozen_stages=4',
    'model.backbone.img_size=56',
    'model.neck.in_channels=[96,96,96]',
]
FEW_BOXES = [
    'model.train_cfg.rpn_proposal.nms_pre=100',
    'model.test_cfg.rpn.nms_pre=100',
    'model.test_cfg.rcnn.nms_pre=50',
]
EPOCH = ['train_cfg.max_epochs=1']
ITERATION = ['train_cfg.max_iters=1']


@dataclass(frozen=True)
class Case:
    """A config, its data, its score, and the sizes that make it small."""

    config: str
    samples: Callable[[Path, Path], None]
    score: str
    sizes: list[str]


CASES = {
    'classification, CGEarthEye': Case(
        'cgeartheye/cgeartheye-small_linear_100e_aid-518', aid, 'accuracy/top1',
        [VIT, 'model.backbone.frozen_stages=4', 'model.backbone.img_size=28', 'model.head.in_channels=24',
         'train_dataloader.dataset.pipeline.1.scale=28', 'test_dataloader.dataset.pipeline.1.scale=28',
         'test_dataloader.dataset.pipeline.2.crop_size=28', *EPOCH],
    ),
    'segmentation, SkySense++': Case(
        'skysensepp/skysenses1-large_upernet_10k_sen1floods11-256', sen1floods11, 'mIoU',
        [VIT, *FOUR_MAPS, 'model.decode_head.in_channels=[24,24,24,24]', 'model.decode_head.channels=16',
         'model.auxiliary_head.in_channels=24', 'model.auxiliary_head.channels=16',
         'model.data_preprocessor.size=(32,32)', 'train_dataloader.dataset.pipeline.2.crop_size=(32,32)', *ITERATION],
    ),
    'change, CGEarthEye': Case(
        'cgeartheye/cgeartheye-small_ban_80k_levir-cd-518', levir, 'change/F1',
        [VIT, 'model.backbone.out_indices=(0,1,2,3)', 'model.backbone.frozen_stages=4', 'model.backbone.img_size=56',
         'model.encoder_resolution=(56,56)', 'model.decode_head.ban_cfg.clip_channels=24',
         'model.decode_head.ban_cfg.side_encoder.embed_dims=8',
         'model.decode_head.ban_cfg.side_encoder.num_layers=[1,1,1,1]',
         'model.decode_head.ban_dec_cfg.in_channels=[8,16,40,64]', 'model.decode_head.ban_dec_cfg.channels=16',
         'model.data_preprocessor.size=(64,64)', 'train_dataloader.dataset.pipeline.3.crop_size=(64,64)',
         'model.test_cfg.crop_size=(128,128)', 'model.test_cfg.stride=(128,128)', *ITERATION],
    ),
    'horizontal boxes, CGEarthEye': Case(
        'cgeartheye/cgeartheye-small_dino_60e_dior-784', dior, 'coco/bbox_mAP_50',
        [WIDER, *THREE_MAPS, 'model.num_queries=10', 'model.encoder.num_layers=1', 'model.decoder.num_layers=2',
         'model.test_cfg.max_per_img=10', 'train_dataloader.dataset.pipeline.3.scale=(112,112)',
         'train_dataloader.dataset.pipeline.4.crop_size=(112,112)',
         'test_dataloader.dataset.pipeline.1.scale=(112,112)', *EPOCH],
    ),
    'oriented boxes, CGEarthEye': Case(
        'cgeartheye/cgeartheye-small_orcnn_12e_dota-1024', dota, 'dota/AP50',
        [WIDER, *THREE_MAPS, *FEW_BOXES, 'train_dataloader.dataset.pipeline.3.scale=(112,112)',
         'test_dataloader.dataset.pipeline.1.scale=(112,112)', *EPOCH],
    ),
    'oriented boxes on optical and radar, MaRS': Case(
        'mars/marsdual-base_orcnn_12e_m4-sar-512', m4sar, 'dota/AP50',
        [STAGES, 'model.backbone.window_size=2', 'model.backbone.weights=None', 'model.neck.in_channels=[8,16,32,64]',
         *FEW_BOXES, 'train_dataloader.dataset.pipeline.3.scale=(128,128)',
         'test_dataloader.dataset.pipeline.1.scale=(128,128)', *EPOCH],
    ),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize('case', [pytest.param(case, id=name) for name, case in CASES.items()])
def test_two_processes_train_and_one_tests(case: Case, data_dir: Path, tmp_path: Path) -> None:
    root, run = tmp_path / 'data', tmp_path / 'run'
    case.samples(data_dir, root)
    loaders = [
        f'{loader}_dataloader.{key}'
        for loader in ('train', 'test')
        for key in ('num_workers=0', 'persistent_workers=False', 'batch_size=2')
    ]
    sizes = ['model.backbone.init_cfg=None'] if 'marsdual' not in case.config else []
    options = ['--cfg-options', f'data_root={root}', *loaders, *sizes, *case.sizes]
    trained = launch('dist_train.sh', case.config, 2, '--work-dir', run, '--no-validate', *options)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    (checkpoint,) = run.glob('*_1.pth')
    tested = launch('test.py', case.config, checkpoint, '--work-dir', tmp_path / 'test', *options)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    (report,) = (json.loads(path.read_text()) for path in (tmp_path / 'test').glob('*/*.json'))
    assert 0 <= report[case.score] <= 100
