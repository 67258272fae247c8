"""Amazon forest (Zenodo 3233081): forest and clearings on Sentinel-2 true colour at 10 m, 8 bits."""

data_root = '{{$MMRS_DATA:data}}/amazon_forest'
crop_size = (128, 128)

photometric = dict(type='mmrs.PhotoMetricDistortion', brightness_delta=10, contrast_range=(0.7, 1.4), hue_delta=4)
load = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), dict(type='mmrs.LoadMask', label_map={1: 0, 2: 1})]
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
    classes=('forest', 'other'),
    palette=[(38, 107, 56), (222, 196, 132)],
    img_suffix='.tiff',
    seg_map_suffix='.png',
)
train_dataloader = dict(
    batch_size=6,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        **samples,
        data_prefix=dict(img_path='train/images', seg_map_path='train/masks'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **samples,
        data_prefix=dict(img_path='val/images', seg_map_path='val/masks'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
