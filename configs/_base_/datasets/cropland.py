"""The cropland layout: two classes on RGB of 512 px; for data of your own in these folders."""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/cropland'
photometric = dict(type='mmrs.PhotoMetricDistortion')
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomResize', scale=(518, 518), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(518, 518), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    photometric,
    dict(type='PackSegInputs'),
]
test_pipeline = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), dict(type='mmrs.LoadMask'), dict(type='PackSegInputs')]
train_dataloader = dict(dataset=dict(name='cropland', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='cropland', data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
