"""M4-SAR: 6 classes of oriented boxes on pairs of 512 px, three optical bands and one of the radar, stacked."""

data_root = '{{$MMRS_DATA:data}}/m4sar'
load = dict(
    type='mmrs.LoadRaster',
    bands=[1, 2, 3],
    keys=('img_path', 'sar_path'),
    key_bands=dict(sar_path=[1]),
)
boxes = [
    dict(type='mmdet.LoadAnnotations', with_bbox=True, box_type='qbox'),
    dict(type='ConvertBoxType', box_type_mapping=dict(gt_bboxes='rbox')),
]
resize = dict(type='mmdet.Resize', scale=(512, 512), keep_ratio=True)
train_pipeline = [
    load,
    *boxes,
    resize,
    dict(type='mmdet.RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='mmdet.PackDetInputs'),
]
test_pipeline = [
    load,
    resize,
    *boxes,  # after resizing: scores are taken in the image's own pixels
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
pairs = dict(
    type='mmrs.CatalogueOrientedDataset',
    name='m4-sar',
    data_root=data_root,
    roles=('image', 'sar', 'boxes'),
)
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(pairs, split='train', filter_cfg=dict(filter_empty_gt=True), pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(pairs, split='val', pipeline=test_pipeline, test_mode=True),
)
test_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(pairs, split='test', pipeline=test_pipeline, test_mode=True),
)
val_evaluator = dict(type='DOTAMetric', metric='mAP')
test_evaluator = val_evaluator
