"""200 epochs of AdamW as in the history of CGEarthEye's SYSU-CD config: ten epochs of warm-up, then a cosine."""

_base_ = '../change_runtime.py'
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=200, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=10, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=190, by_epoch=True, begin=10, end=200),
]
default_hooks = dict(checkpoint=dict(interval=5, save_best='change/F1', rule='greater'))
auto_scale_lr = dict(enable=False, base_batch_size=64)  # 8 GPUs x 8 pairs
