"""DeepGlobe roads at 0.5 m, 1024 px: crops, flips and rotations of the MaRS road recipe.

Validation reads `test`, as in the original: choosing the best checkpoint by it sees the test data.
"""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/deepglobe_roads'
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomCrop', crop_size=(512, 512)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='RandomRotate', prob=0.5, degree=90.0, seg_pad_val=255),
    dict(type='PackSegInputs'),
]
test_pipeline = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), dict(type='mmrs.LoadMask'), dict(type='PackSegInputs')]
train_dataloader = dict(
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_size=6,
    dataset=dict(name='deepglobe-roads', data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(name='deepglobe-roads', data_root=data_root, split='test', pipeline=test_pipeline))
test_dataloader = val_dataloader
