"""AID in crops of 256 px; tests shrink to 288 and take the centre."""

_base_ = './aid_224.py'
train_pipeline = [
    _base_.train_pipeline[0],
    dict(type='RandomResizedCrop', scale=256),
    *_base_.train_pipeline[2:],
]
test_pipeline = [
    _base_.test_pipeline[0],
    dict(type='ResizeEdge', scale=288, edge='short'),
    dict(type='CenterCrop', crop_size=256),
    _base_.test_pipeline[-1],
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
