"""Synthetic pairs of optical and SAR, four channels, of `mmrs data synth --task detection --layout m4-sar`."""

_base_ = './m4sar.py'
data_root = '{{$MMRS_DATA:data}}/synthetic-m4-sar'
train_pipeline = [
    _base_.load,
    *_base_.boxes,
    dict(type='mmdet.RandomCrop', crop_size=(128, 128)),
    dict(type='mmdet.RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='mmdet.FilterAnnotations', min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type='mmdet.PackDetInputs'),
]
test_pipeline = [
    _base_.load,
    dict(type='mmdet.Resize', scale=(256, 256), keep_ratio=True),
    *_base_.boxes,
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
train_dataloader = dict(
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root, pipeline=test_pipeline)
)
test_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root, split='val', pipeline=test_pipeline)
)
