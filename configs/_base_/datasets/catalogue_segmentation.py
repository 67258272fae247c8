"""Loaders of the catalogue's segmentation datasets; the files beside this one name the dataset.

Layout, classes, coding of the masks and bands are in `mmrs.datasets.catalogue` (`mmrs data info NAME`).
"""

train_pipeline = [
    dict(type='mmrs.LoadRaster'),
    dict(type='mmrs.LoadMask'),
    dict(type='RandomCrop', crop_size=(512, 512), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
test_pipeline = [dict(type='mmrs.LoadRaster'), dict(type='mmrs.LoadMask'), dict(type='PackSegInputs')]
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(type='mmrs.CatalogueSegDataset', split='train', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmrs.CatalogueSegDataset', split='val', pipeline=test_pipeline, test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU', 'mFscore'])
test_evaluator = val_evaluator
