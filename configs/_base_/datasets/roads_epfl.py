"""EPFL road segmentation: aerial RGB of 400 px at about 0.5 m; masks in grey, road from 128 on."""

data_root = '{{$MMRS_DATA:data}}/roads_epfl'
crop_size = (128, 128)

photometric = dict(type='mmrs.PhotoMetricDistortion', brightness_delta=10, contrast_range=(0.7, 1.4), hue_delta=4)
load = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), dict(type='mmrs.LoadMask', threshold=128)]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.95),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    photometric,
    dict(type='PackSegInputs'),
]
test_pipeline = [*load, dict(type='PackSegInputs')]
samples = dict(
    type='mmrs.FolderSegDataset',
    data_root=data_root,
    classes=('background', 'road'),
    palette=[(214, 214, 206), (200, 60, 50)],
    img_suffix='.png',
    seg_map_suffix='.png',
)
train_dataloader = dict(
    batch_size=6,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        **samples,
        data_prefix=dict(img_path='train/images', seg_map_path='train/groundtruth'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **samples,
        data_prefix=dict(img_path='val/images', seg_map_path='val/groundtruth'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
