"""12 epochs in mmrotate for the cheaper heads."""

_base_ = './mmrotate_60e.py'
train_cfg = dict(max_epochs=12, val_interval=3)
optim_wrapper = dict(clip_grad=dict(max_norm=35))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=500),
    dict(type='CosineAnnealingLR', T_max=12, by_epoch=True, begin=0, end=12, convert_to_iter_based=True),
]
default_hooks = dict(checkpoint=dict(interval=3))
