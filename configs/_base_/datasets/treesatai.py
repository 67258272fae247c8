"""TreeSatAI: 15 genera, several an image, on aerial images of 304 px with infrared, red, green and blue."""

data_root = '{{$MMRS_DATA:data}}/treesatai'
load = dict(type='mmrs.LoadRaster', bands=[1, 2, 3, 4])
train_pipeline = [
    load,
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='PackInputs'),
]
test_pipeline = [load, dict(type='PackInputs')]
samples = dict(type='mmrs.TreeSatAI', data_root=data_root, modalities=('aerial',))
train_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(**samples, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**samples, split='test', pipeline=test_pipeline, test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = [dict(type='MultiLabelMetric', average='macro'), dict(type='AveragePrecision')]
test_evaluator = val_evaluator
