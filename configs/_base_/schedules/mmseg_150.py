"""150 iterations of AdamW for toy models: half a minute on a CPU."""

_base_ = './mmseg_600.py'
train_cfg = dict(max_iters=150, val_interval=150)
optim_wrapper = dict(optimizer=dict(lr=6e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=15),
    dict(type='CosineAnnealingLR', T_max=135, eta_min=1e-5, by_epoch=False, begin=15, end=150),
]
default_hooks = dict(checkpoint=dict(interval=150))
