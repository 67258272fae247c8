"""CDD (season-varying): change at 0.03 to 1 m, pairs of 256 px with JPEG labels. Crops of 224 px, exchanged dates."""

_base_ = './levir_cd.py'
data_root = '{{$MMRS_DATA:data}}/CDD'
crop_size = (224, 224)
train_pipeline = [
    *_base_.load,
    dict(type='RandomRotate', prob=0.5, degree=180),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='mmrs.ExchangeTime', prob=0.5),
    dict(type='mmrs.EachDate', transforms=[_base_.photometric]),
    _base_.pack,
]
train_dataloader = dict(batch_size=16, dataset=dict(layout='cdd', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(layout='cdd', data_root=data_root))
test_dataloader = dict(dataset=dict(layout='cdd', data_root=data_root))
