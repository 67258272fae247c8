"""AID: 30 scenes of 600 px; trains on the 20 % list, tests on the other 80 %."""

data_root = '{{$MMRS_DATA:data}}/AID'
train_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='RandomResizedCrop', scale=518),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='mmrs.LoadRaster', bands=[1, 2, 3]),
    dict(type='ResizeEdge', scale=532, edge='short'),
    dict(type='CenterCrop', crop_size=518),
    dict(type='PackInputs'),
]
samples = dict(type='mmrs.CatalogueSceneDataset', name='aid', data_root=data_root)
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
val_evaluator = dict(type='Accuracy', topk=(1, 5))
test_evaluator = val_evaluator
