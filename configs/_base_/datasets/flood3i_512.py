"""Flood-3i: 9 classes on RGB from drones. Lists of names choose the splits:
`python tools/data/split.py flood3i FOLDER`.
"""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/flood3i'
photometric = dict(type='mmrs.PhotoMetricDistortion')
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomResize', scale=(512, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(512, 512), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    photometric,
    dict(type='PackSegInputs'),
]
test_pipeline = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), dict(type='mmrs.LoadMask'), dict(type='PackSegInputs')]
train_dataloader = dict(dataset=dict(name='flood3i', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='flood3i', data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
