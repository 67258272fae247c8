"""160,000 iterations of AdamW as in CGEarthEye's segmentation configs; the head learns ten times faster.

The original validates every 1,600 iterations, which takes longer than the training in between; here every 8,000.
"""

_base_ = '../mmseg_runtime.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=160000, val_interval=8000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10.0)), norm_decay_mult=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=3000),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=3000, end=160000),
]
log_processor = dict(by_epoch=False)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=8000, save_best='mIoU'))
auto_scale_lr = dict(enable=False, base_batch_size=64)  # 8 GPUs x 8 tiles
