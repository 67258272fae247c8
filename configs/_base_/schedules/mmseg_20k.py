"""20,000 iterations of AdamW as SkySense++ trains on Germany crops; validated less often later on."""

_base_ = './mmseg_10k.py'
train_cfg = dict(max_iters=20000, val_interval=1000, dynamic_intervals=[(4000, 2000), (8000, 4000)])
optim_wrapper = dict(optimizer=dict(lr=1e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=2000),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=2000, end=20000),
]
default_hooks = dict(checkpoint=dict(interval=1000))
