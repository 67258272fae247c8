"""UBCv2: buildings as boxes and masks on images of 512 px with four bands, red, green, blue and radar."""

_base_ = './catalogue_coco.py'
data_root = '{{$MMRS_DATA:data}}/UBCv2'
load = [_base_.load[0], dict(type='LoadAnnotations', with_bbox=True, with_mask=True)]
resize = dict(type='Resize', scale=(512, 512), keep_ratio=True)
train_pipeline = [*load, resize, dict(type='RandomFlip', prob=0.5), dict(type='PackDetInputs')]
test_pipeline = [load[0], resize, load[1], _base_.pack]
train_dataloader = dict(dataset=dict(name='ubcv2', data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(name='ubcv2', data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(
    ann_file=data_root + '/annotations/roof_fine_val_single_category.json',
    metric=['bbox', 'segm'],
)
test_evaluator = val_evaluator
