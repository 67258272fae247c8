"""SOS oil spill: SAR of 256 px as JPEG with three equal channels, of which one is read, listed in JSON."""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/sos'
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1]),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomCrop', crop_size=(256, 256)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackSegInputs'),
]
test_pipeline = [dict(type='mmrs.LoadRaster', bands=[1]), dict(type='mmrs.LoadMask'), dict(type='PackSegInputs')]
train_dataloader = dict(batch_size=1, dataset=dict(name='sos', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='sos', data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
