"""Synthetic land cover: 7 classes, optical (and SAR) tiles of 256 px at 1 m, drawn by `mmrs data synth`."""

dataset_type = 'mmrs.SyntheticLandCover'
data_root = '{{$MMRS_DATA:data}}/synthetic'
crop_size = (128, 128)

photometric = dict(type='mmrs.PhotoMetricDistortion', brightness_delta=16, contrast_range=(0.8, 1.2), hue_delta=6)
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.9),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    photometric,
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='mmrs.LoadMask'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=6,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(img_path='img_dir/train', seg_map_path='ann_dir/train'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(img_path='img_dir/val', seg_map_path='ann_dir/val'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
