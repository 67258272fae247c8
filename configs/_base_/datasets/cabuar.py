"""CABUAR burned areas: Sentinel-2 with 10 bands in .npz, listed in JSON."""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/cabuar'
train_pipeline = [
    dict(type='mmrs.LoadRaster'),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomCrop', crop_size=(256, 256), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(batch_size=1, dataset=dict(name='cabuar', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='cabuar', data_root=data_root))
test_dataloader = val_dataloader
