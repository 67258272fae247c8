"""DIOR-R: 20 classes of oriented boxes on the images of DIOR; training takes train and val."""

dataset_type = 'DIORDataset'
data_root = '{{$MMRS_DATA:data}}/DIOR-R'
pixels = (784, 784)  # 56 patches of 14

load = [
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
]
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    *load,
    dict(
        type='mmdet.RandomResize',
        resize_type='mmdet.Resize',
        scale=pixels,
        ratio_range=(0.5, 2.0),
        keep_ratio=True,
    ),
    dict(type='mmdet.RandomCrop', crop_size=pixels, allow_negative_crop=True),
    dict(type='mmdet.RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    # Quadrilaterals whose corners coincide have no side.
    dict(type='mmdet.FilterAnnotations', min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type='mmdet.PackDetInputs'),
]
test_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='mmdet.Resize', scale=pixels, keep_ratio=True),
    *load,  # after resizing: scores are taken in the image's own pixels
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
part = dict(
    type=dataset_type,
    data_root=data_root,
    data_prefix=dict(img_path='images/trainval'),
    filter_cfg=dict(filter_empty_gt=True),
    pipeline=train_pipeline,
)
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='ConcatDataset',
        datasets=[dict(part, ann_file=f'ImageSets/Main/{split}.txt') for split in ('train', 'val')],
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
        ann_file='ImageSets/Main/test.txt',
        data_prefix=dict(img_path='images/test'),
        pipeline=test_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='DOTAMetric', metric='mAP')
test_evaluator = val_evaluator
