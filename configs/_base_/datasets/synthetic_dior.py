"""Synthetic horizontal boxes of `mmrs data synth --task detection --layout dior`, in crops of 128 px."""

_base_ = './dior.py'
data_root = '{{$MMRS_DATA:data}}/synthetic-dior'
train_pipeline = [
    *_base_.load,
    dict(type='RandomCrop', crop_size=(128, 128)),
    dict(type='RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    _base_.load[0],
    dict(type='Resize', scale=(256, 256), keep_ratio=True),
    _base_.load[1],
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
train_dataloader = dict(
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root, pipeline=test_pipeline)
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + '/Annotations/test.json')
test_evaluator = val_evaluator
