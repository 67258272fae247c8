"""Synthetic scenes, one folder a class: `mmrs data synth data/synthetic-classes --task scenes --train 1500`.

A tile is named by what covers it, so training sees most of it.
"""

_base_ = './scene_folders.py'
data_root = '{{$MMRS_DATA:data}}/synthetic-classes'
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='RandomResizedCrop', scale=64, crop_ratio_range=(0.8, 1.0)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(data_root=f'{data_root}/train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(data_root=f'{data_root}/val'))
test_dataloader = val_dataloader
