"""Germany crops: 17 crops on 30 of the dates of Sentinel-2 tiles of 24 px. Label 0 is ignored.

Training draws the dates; tests take them evenly spread, where the original draws them too.
"""

_base_ = './catalogue_segmentation.py'
data_root = '{{$MMRS_DATA:data}}/germany'
train_pipeline = [
    dict(type='mmrs.LoadTimeSeries', number=30),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
test_pipeline = [
    dict(type='mmrs.LoadTimeSeries', number=30, evenly=True),
    dict(type='mmrs.LoadMask'),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(
    batch_size=2,
    dataset=dict(name='germany-crops', data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(name='germany-crops', data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(name='germany-crops', split='test', data_root=data_root, pipeline=test_pipeline))
