"""Loaders of the catalogue's datasets with COCO annotations; the files beside this one name the dataset.

Layout, classes and bands are in `mmrs.datasets.catalogue` (`mmrs data info NAME`).
"""

load = [dict(type='mmrs.LoadRaster'), dict(type='LoadAnnotations', with_bbox=True)]
pack = dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(type='mmrs.CatalogueCocoDataset', split='train', filter_cfg=dict(filter_empty_gt=True)),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='mmrs.CatalogueCocoDataset', split='val', test_mode=True),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', metric='bbox')
test_evaluator = val_evaluator
