"""LEVIR-CD in crops of 512 px, for networks with strides of 32."""

_base_ = './levir_cd.py'
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
