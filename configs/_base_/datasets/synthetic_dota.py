"""Synthetic oriented boxes of `mmrs data synth --task detection --layout dota`, in crops of 128 px."""

_base_ = './dota.py'
data_root = '{{$MMRS_DATA:data}}/synthetic-dota'
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    *_base_.load,
    dict(type='mmdet.RandomCrop', crop_size=(128, 128)),
    dict(type='mmdet.RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='RandomRotate', prob=0.5, angle_range=180, rect_obj_labels=[9]),  # round: tanks
    dict(type='mmdet.FilterAnnotations', min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type='mmdet.PackDetInputs'),
]
test_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='mmdet.Resize', scale=(256, 256), keep_ratio=True),
    *_base_.load,
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(data_root=data_root, ann_file='train/labelTxt/', pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root, ann_file='val/labelTxt/', pipeline=test_pipeline),
)
test_dataloader = val_dataloader
