"""Atlantic deforestation: Sentinel-2 red, green, blue and infrared of 512 px, listed in JSON."""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/atlantic'
train_pipeline = [
    dict(type='mmrs.LoadRaster'),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomCrop', crop_size=(256, 256), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(batch_size=1, dataset=dict(name='atlantic', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='atlantic', data_root=data_root))
test_dataloader = val_dataloader
