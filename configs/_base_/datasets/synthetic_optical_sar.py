"""Synthetic land cover from optical and SAR tiles, stacked as four channels: red, green, blue, backscatter in dB."""

_base_ = './synthetic_landcover.py'
load = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3], keys=('img_path', 'sar_path')), dict(type='mmrs.LoadMask')]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(128, 128), cat_max_ratio=0.9),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='PackSegInputs'),
]
test_pipeline = [*load, dict(type='PackSegInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline, data_prefix=dict(sar_path='sar_dir/train')))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, data_prefix=dict(sar_path='sar_dir/val')))
test_dataloader = val_dataloader
