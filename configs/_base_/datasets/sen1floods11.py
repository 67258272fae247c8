"""Sen1Floods11, hand-labelled: Sentinel-1 VV and VH in dB, 512 px. The lists of the splits are yours."""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/sen1floods11'
train_pipeline = [
    dict(type='mmrs.LoadRaster'),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomCrop', crop_size=(256, 256), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(batch_size=2, dataset=dict(name='sen1floods11', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='sen1floods11', data_root=data_root))
test_dataloader = val_dataloader
