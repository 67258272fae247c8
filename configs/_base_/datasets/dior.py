"""DIOR: 20 classes of horizontal boxes on aerial images of 800 px, COCO annotations."""

dataset_type = 'CocoDataset'
data_root = '{{$MMRS_DATA:data}}/DIOR'
classes = [
    'airplane', 'airport', 'baseballfield', 'basketballcourt', 'bridge', 'chimney', 'expressway-service-area',
    'expressway-toll-station', 'dam', 'golffield', 'groundtrackfield', 'harbor', 'overpass', 'ship', 'stadium',
    'storagetank', 'tenniscourt', 'trainstation', 'vehicle', 'windmill',
]  # fmt: skip
palette = [
    (220, 20, 60), (119, 11, 32), (0, 0, 142), (0, 0, 230), (106, 0, 228), (0, 60, 100), (0, 80, 100), (0, 0, 70),
    (0, 0, 192), (250, 170, 30), (100, 170, 30), (65, 70, 15), (175, 116, 175), (250, 0, 30), (165, 42, 42),
    (220, 220, 0), (127, 167, 115), (59, 105, 106), (246, 0, 122), (142, 108, 45),
]  # fmt: skip
metainfo = dict(classes=classes, palette=palette)
pixels = (784, 784)  # 56 patches of 14

load = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), dict(type='LoadAnnotations', with_bbox=True)]
train_pipeline = [
    *load,
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomResize', scale=pixels, ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_type='absolute_range',
        crop_size=pixels,
        recompute_bbox=True,
        allow_negative_crop=True,
    ),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    load[0],
    dict(type='Resize', scale=pixels, keep_ratio=True),
    load[1],  # after resizing: scores are taken in the image's own pixels
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        ann_file='Annotations/trainval.json',
        data_prefix=dict(img='images/trainval/'),
        filter_cfg=dict(filter_empty_gt=True),
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
        metainfo=metainfo,
        ann_file='Annotations/test.json',
        data_prefix=dict(img='images/test/'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', ann_file=data_root + '/Annotations/test.json', metric='bbox')
test_evaluator = val_evaluator
