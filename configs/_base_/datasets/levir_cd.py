"""LEVIR-CD: building change at 0.5 m, pairs of 1024 px. The recipe of CGEarthEye; the other pair sets inherit from it.

Crops, flips and rotations move both dates and the label; light differs between the dates, so does the distortion.
"""

dataset_type = 'mmrs.ChangeDataset'
data_root = '{{$MMRS_DATA:data}}/LEVIR-CD'
crop_size = (518, 518)  # 37 patches of 14

load = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3], keys=['img_path', 'img_path2'], same_bands=True),
    dict(type='mmrs.LoadChangeLabel'),
]
photometric = dict(
    type='mmrs.PhotoMetricDistortion',
    brightness_delta=10,
    contrast_range=(0.8, 1.2),
    saturation_range=(0.8, 1.2),
    hue_delta=10,
)
pack = dict(
    type='PackSegInputs',
    meta_keys=(
        'img_path',
        'img_path2',
        'ori_shape',
        'img_shape',
        'pad_shape',
        'scale_factor',
        'flip',
        'flip_direction',
    ),
)
train_pipeline = [
    *load,
    dict(type='RandomRotate', prob=0.5, degree=180),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='mmrs.EachDate', transforms=[photometric]),
    pack,
]
test_pipeline = [*load, pack]
# `mmrs test --tta`: six views. The original cannot be told to leave them out; here they are off by default.
tta_pipeline = [
    load[0],
    dict(
        type='TestTimeAug',
        transforms=[
            [dict(type='Resize', scale_factor=factor, keep_ratio=True) for factor in (0.75, 1.0, 1.25)],
            [dict(type='RandomFlip', prob=prob, direction='horizontal') for prob in (0.0, 1.0)],
            [load[1]],
            [pack],
        ],
    ),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(type=dataset_type, layout='levir-cd', split='train', data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type, layout='levir-cd', split='val', data_root=data_root, pipeline=test_pipeline, test_mode=True
    ),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type, layout='levir-cd', split='test', data_root=data_root, pipeline=test_pipeline, test_mode=True
    ),
)
val_evaluator = dict(type='mmrs.ChangeMetric')
test_evaluator = val_evaluator
