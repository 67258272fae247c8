"""Two iterations of a real mmengine run, with every scheduler kind that pickles something special.

Usage: python train_a_little.py WORK_DIR
"""

import sys

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, *rows, mode='tensor'):
        output = self.layer(torch.stack(rows))
        return {'loss': output.mean()} if mode == 'loss' else output


class Points(torch.utils.data.Dataset):
    metainfo = {'classes': ('a', 'b'), 'palette': [[0, 0, 0], [1, 1, 1]], 'scale': np.float32(3), 'ids': np.arange(3)}

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.full((2,), float(index))


class Half(BaseMetric):
    def process(self, *_):
        self.results.append(1)

    def compute_metrics(self, _):
        return {'half': np.float64(0.5)}


def loader():
    return {'dataset': Points(), 'batch_size': 2, 'sampler': {'type': 'DefaultSampler', 'shuffle': True}}


Runner(
    Model(),
    sys.argv[1],
    train_dataloader=loader(),
    val_dataloader=loader(),
    val_evaluator=[Half()],
    val_cfg={},
    train_cfg={'by_epoch': False, 'max_iters': 2, 'val_interval': 1},
    optim_wrapper={'optimizer': {'type': 'AdamW', 'lr': 0.1}},
    param_scheduler=[
        {'type': 'LinearLR', 'start_factor': 0.1, 'by_epoch': False, 'end': 2},
        {'type': 'PolyLR', 'by_epoch': False},
        {'type': 'CosineAnnealingLR', 'T_max': 4, 'by_epoch': False},
        {'type': 'MultiStepLR', 'milestones': [1, 2], 'by_epoch': False},
        {'type': 'OneCycleLR', 'eta_max': 0.1, 'total_steps': 8, 'by_epoch': False},
    ],
    default_hooks={
        'checkpoint': {
            'type': 'CheckpointHook',
            'interval': 1,
            'by_epoch': False,
            'save_best': 'half',
            'rule': 'greater',
        }
    },
    custom_hooks=[{'type': 'EMAHook'}],
    log_level='ERROR',
).train()
