"""LoveDA in crops of 512 px, as SwinV2 was trained on."""

_base_ = './loveda.py'
crop_size = (512, 512)
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='mmrs.LoadMask', num_classes=7),
    dict(type='RandomResize', scale=(1024, 1024), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    _base_.photometric,
    dict(type='PackSegInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
