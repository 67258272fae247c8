"""Plain baseline on LEVIR-CD: siamese UPerNet on ResNet-50 in the schedule of the others. Never trained here."""

_base_ = [
    '../_base_/models/siamupernet_resnet-50.py',
    '../_base_/datasets/levir_cd.py',
    '../_base_/schedules/change_80k.py',
]
crop_size = (512, 512)
train_pipeline = [
    *_base_.load,
    dict(type='RandomRotate', prob=0.5, degree=180),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction=['horizontal', 'vertical']),
    dict(type='mmrs.EachDate', transforms=[_base_.photometric]),
    _base_.pack,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))  # 0.01 is for a small adapter beside a frozen model
