"""12 epochs of AdamW as in MaRS' detection: steps after 8 and 11, warm-up over 500 iterations. The best mAP is kept."""

_base_ = '../mmdet_runtime.py'
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=12, milestones=[8, 11], gamma=0.1),
]
default_hooks = dict(checkpoint=dict(interval=1, save_best='coco/bbox_mAP'))
auto_scale_lr = dict(enable=False, base_batch_size=32)  # 8 GPUs x 4 images
