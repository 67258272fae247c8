"""DOTA in tiles of 128 px, shown twice as large: `python tools/data/dota.py cut` with `--size 128 --overlap 0`."""

_base_ = './dota.py'
data_root = '{{$MMRS_DATA:data}}/DOTA-tiles-128'
pixels = (256, 256)
resize = dict(type='mmdet.Resize', scale=pixels, keep_ratio=True)
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    *_base_.load,
    resize,
    dict(type='mmdet.RandomFlip', prob=0.75, direction=['horizontal', 'vertical', 'diagonal']),
    dict(type='mmdet.FilterAnnotations', min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type='mmdet.PackDetInputs'),
]
test_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    resize,
    *_base_.load,
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    sampler=dict(type='InfiniteSampler'),
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(data_root=data_root, pipeline=test_pipeline)
)
test_dataloader = val_dataloader
