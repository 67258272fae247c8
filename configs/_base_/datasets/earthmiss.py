"""EarthMiss: 8 classes on RGB and SAR at 0.6 m, 1024 px, split by city.

The original's protocol trains on both and tests on SAR alone; here both are given in tests too.
"""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/EarthMiss'
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3], keys=('img_path', 'sar_path')),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomCrop', crop_size=(512, 512), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3], keys=('img_path', 'sar_path')),
    dict(type='mmrs.LoadMask'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=8,
    dataset=dict(name='earthmiss', data_root=data_root, roles=('image', 'sar', 'mask'), pipeline=train_pipeline),
)
val_dataloader = dict(
    dataset=dict(name='earthmiss', data_root=data_root, roles=('image', 'sar', 'mask'), pipeline=test_pipeline)
)
test_dataloader = val_dataloader
