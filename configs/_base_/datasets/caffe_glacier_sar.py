"""CaFFe: zones of glacier fronts on SAR amplitude of one band, 512 px. One folder; the splits are positions in it."""

data_root = '{{$MMRS_DATA:data}}/caffe_glacier_sar'
crop_size = (128, 128)
# In the order of the names. Held out: the only tile of Dinsmoor, one of four of Jakobshavn, one of two of Columbia.
train_tiles, test_tiles = [0, 1, 3, 5, 6, 7], [2, 4, 8]

load = [dict(type='mmrs.LoadRaster', bands=[1]), dict(type='mmrs.LoadMask')]
train_pipeline = [
    *load,
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=0.95),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    dict(type='PackSegInputs'),
]
test_pipeline = [*load, dict(type='PackSegInputs')]
samples = dict(
    type='mmrs.FolderSegDataset',
    data_root=data_root,
    data_prefix=dict(img_path='images', seg_map_path='zones'),
    img_suffix='.tif',
    seg_map_suffix='.tif',
    classes=('no data', 'rock', 'glacier', 'ocean and melange'),
    palette=[(0, 0, 0), (139, 115, 85), (200, 225, 240), (30, 80, 150)],
)
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(**samples, indices=train_tiles, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(**samples, indices=test_tiles, pipeline=test_pipeline, test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
