"""Synthetic building change: pairs of 256 px at 1 m, drawn by `mmrs data synth --task change`."""

_base_ = './levir_cd.py'
data_root = '{{$MMRS_DATA:data}}/synthetic-change'
crop_size = (128, 128)
train_pipeline = [
    *_base_.load,
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.97),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='mmrs.ExchangeTime', prob=0.5),
    dict(type='mmrs.EachDate', transforms=[_base_.photometric]),
    _base_.pack,
]
train_dataloader = dict(
    num_workers=1, persistent_workers=True, dataset=dict(data_root=data_root, pipeline=train_pipeline)
)
val_dataloader = dict(batch_size=4, num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root))
test_dataloader = dict(batch_size=4, num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root))
