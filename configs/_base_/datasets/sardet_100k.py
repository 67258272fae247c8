"""SARDet-100K: 6 classes of horizontal boxes on radar images of about 512 px. Images of other shapes are stretched."""

_base_ = './catalogue_coco.py'
data_root = '{{$MMRS_DATA:data}}/SARDet_100K'
resize = dict(type='Resize', scale=(512, 512), keep_ratio=False)
train_pipeline = [*_base_.load, resize, dict(type='RandomFlip', prob=0.5), dict(type='PackDetInputs')]
test_pipeline = [_base_.load[0], resize, _base_.load[1], _base_.pack]
train_dataloader = dict(dataset=dict(name='sardet-100k', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='sardet-100k', data_root=data_root, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(name='sardet-100k', split='test', data_root=data_root, pipeline=test_pipeline))
val_evaluator = dict(ann_file=data_root + '/Annotations/val.json', classwise=True)
test_evaluator = dict(ann_file=data_root + '/Annotations/test.json', classwise=True)
