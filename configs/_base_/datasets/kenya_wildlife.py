"""Kenya wildlife: animals on aerial images of 3068 x 4603 px. No recipe is published.

Training takes crops of 1024 px from images at half to full size, tests show whole images at half size.
"""

_base_ = './catalogue_coco.py'
data_root = '{{$MMRS_DATA:data}}/kenya_wildlife'
train_pipeline = [
    *_base_.load,
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomResize', scale=(4603, 3068), ratio_range=(0.5, 1.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(1024, 1024), recompute_bbox=True, allow_negative_crop=True),
    dict(type='PackDetInputs'),
]
test_pipeline = [
    _base_.load[0],
    dict(type='Resize', scale=(2302, 1534), keep_ratio=True),
    _base_.load[1],
    _base_.pack,
]
train_dataloader = dict(
    batch_size=2,
    dataset=dict(name='kenya-wildlife', data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(name='kenya-wildlife', data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + '/annotations/val.json')
test_evaluator = val_evaluator
