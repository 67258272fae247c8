"""Synthetic oriented boxes of `mmrs data synth --task detection --layout dior-r`, in crops of 128 px."""

_base_ = './dior-r.py'
data_root = '{{$MMRS_DATA:data}}/synthetic-dior-r'
turn = [
    dict(type='mmdet.RandomCrop', crop_size=(128, 128)),
    dict(type='mmdet.RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='RandomRotate', prob=0.5, angle_range=180, rect_obj_labels=[15, 19]),  # round: tanks, windmills
    dict(type='mmdet.FilterAnnotations', min_gt_bbox_wh=(1, 1), keep_empty=False),
]
image = dict(type='mmrs.LoadRaster', bands=[1, 2, 3])
train_pipeline = [image, *_base_.load, *turn, dict(type='mmdet.PackDetInputs')]
test_pipeline = [
    image,
    dict(type='mmdet.Resize', scale=(256, 256), keep_ratio=True),
    *_base_.load,
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
part = dict(data_root=data_root, pipeline=train_pipeline)
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(
        datasets=[dict(_base_.part, **part, ann_file=f'ImageSets/Main/{split}.txt') for split in ('train', 'val')]
    ),
)
val_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root, pipeline=test_pipeline)
)
test_dataloader = val_dataloader
