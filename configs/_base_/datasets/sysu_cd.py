"""SYSU-CD: any change at 0.5 m, pairs of 256 px. Crops as for CDD; tests see images at 224 px, labels at 256."""

_base_ = './cdd.py'
data_root = '{{$MMRS_DATA:data}}/SYSU-CD'
test_pipeline = [_base_.load[0], dict(type='Resize', scale=(224, 224)), _base_.load[1], _base_.pack]
train_dataloader = dict(
    batch_size=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(layout='sysu-cd', data_root=data_root),
)
val_dataloader = dict(dataset=dict(layout='sysu-cd', data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(layout='sysu-cd', data_root=data_root, pipeline=test_pipeline))
