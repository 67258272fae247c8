"""600 iterations in mmrotate for small detectors that go on from a checkpoint (`load_from`)."""

_base_ = './mmrotate_4k.py'
train_cfg = dict(max_iters=600, val_interval=600)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', T_max=550, eta_min=1e-5, by_epoch=False, begin=50, end=600),
]
default_hooks = dict(checkpoint=dict(interval=600))
