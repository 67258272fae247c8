"""DIOR: 20 classes of horizontal boxes on aerial images of 800 px, COCO annotations."""

_base_ = './catalogue_coco.py'
data_root = '{{$MMRS_DATA:data}}/DIOR'
pixels = (784, 784)  # 56 patches of 14

load = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), _base_.load[1]]
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
    _base_.pack,
]
train_dataloader = dict(dataset=dict(name='dior', split='trainval', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='dior', split='test', data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + '/Annotations/test.json')
test_evaluator = val_evaluator
