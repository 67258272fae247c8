"""One chip of Sen1Floods11: both radar bands and the 13 of Sentinel-2; trains on the west, tests on the east."""

_base_ = './sen1floods11.py'
data_root = '{{$MMRS_DATA:data}}/sen1floods11'

load = [
    dict(type='mmrs.LoadRaster', keys=['img_path', 's2_path']),
    dict(type='mmrs.LoadMask'),
]
train_pipeline = [
    *load,
    dict(type='mmrs.KeepPart', columns=(0, 0.5)),
    dict(type='RandomCrop', crop_size=(128, 128), cat_max_ratio=0.95),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='PackSegInputs'),
]
test_pipeline = [*load, dict(type='mmrs.KeepPart', columns=(0.5, 1)), dict(type='PackSegInputs')]
chip = dict(split='all', roles=['image', 's2', 'mask'])
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    dataset=dict(**chip, data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(**chip, data_root=data_root, pipeline=test_pipeline)
)
test_dataloader = val_dataloader
