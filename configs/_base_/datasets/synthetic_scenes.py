"""Synthetic land cover in large tiles, of which training reads random windows and validation a grid.

`mmrs data synth data/synthetic-scenes --tile 1024 --train 16 --val 4` draws them. With `mmrs.LargeSceneDataset`,
`classes` and `data_prefix` in the place of the dataset's type this file serves large GeoTIFFs of your own.
"""

data_root = '{{$MMRS_DATA:data}}/synthetic-scenes'
crop_size = (128, 128)

photometric = dict(type='mmrs.PhotoMetricDistortion', brightness_delta=16, contrast_range=(0.8, 1.2), hue_delta=6)
train_pipeline = [
    # `aligned=True` touches fewer blocks of compressed files; see docs/training.md.
    dict(
        type='mmrs.RandomWindow',
        crop_size=crop_size,
        ratio_range=(0.8, 1.25),
        cat_max_ratio=0.9,
        bands=[1, 2, 3],
        mask=dict(),
    ),
    photometric,
    dict(type='PackSegInputs'),
]
test_pipeline = [dict(type='mmrs.LoadWindow', bands=[1, 2, 3], mask=dict()), dict(type='PackSegInputs')]
train_dataloader = dict(
    batch_size=6,
    num_workers=1,
    persistent_workers=True,  # a worker keeps its files open
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='mmrs.SyntheticScenes',
        window=crop_size,
        data_root=data_root,
        data_prefix=dict(img_path='img_dir/train', seg_map_path='ann_dir/train'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmrs.SyntheticScenes',
        window=(256, 256),
        data_root=data_root,
        data_prefix=dict(img_path='img_dir/val', seg_map_path='ann_dir/val'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
