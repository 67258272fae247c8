"""ISPRS Potsdam: 6 classes at 0.05 m, tiles of 512 px, in mmsegmentation's layout. Label 0 is ignored.

The paper reports mean F1 and does not say whether clutter counts; here it is a class like the others.
"""

dataset_type = 'PotsdamDataset'
data_root = '{{$MMRS_DATA:data}}/potsdam'
crop_size = (518, 518)  # 37 patches of 14

photometric = dict(type='mmrs.PhotoMetricDistortion')
load = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), dict(type='mmrs.LoadMask', num_classes=6)]
train_pipeline = [
    *load,
    # Around the size of a tile, which is what tests see.
    dict(type='RandomResize', scale=(512, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    photometric,
    dict(type='PackSegInputs'),
]
test_pipeline = [*load, dict(type='PackSegInputs')]
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
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
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
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
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU', 'mFscore'])
test_evaluator = val_evaluator
