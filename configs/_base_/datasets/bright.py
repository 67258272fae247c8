"""BRIGHT, which is DFC25 track 2: damage of buildings, an optical image before and a radar image after the event."""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/bright'
load = [
    dict(
        type='mmrs.LoadRaster',
        bands=[1, 2, 3],
        keys=('img_path', 'sar_path'),
        key_bands=dict(sar_path=[1]),
    ),
    dict(type='mmrs.LoadMask'),
]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=(512, 512), cat_max_ratio=0.75),
    dict(type='RandomRotFlip', rotate_prob=0.0, flip_prob=0.75),  # quarter turns and flips
    dict(type='PackSegInputs'),
]
pairs = dict(name='bright', data_root=data_root, roles=('image', 'sar', 'mask'))
train_dataloader = dict(batch_size=16, dataset=dict(**pairs, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**pairs, pipeline=[*load, dict(type='PackSegInputs')]))
test_dataloader = dict(dataset=dict(**pairs, split='test', pipeline=[*load, dict(type='PackSegInputs')]))
val_evaluator = dict(_delete_=True, type='mmrs.DamageMetric')
test_evaluator = val_evaluator
