"""50,000 iterations on optical images alone, at a fifth of the rate: ours, the paper names the stage only."""

_base_ = './mars_pretrain_12e.py'
train_cfg = dict(max_iters=50000)
optim_wrapper = dict(optimizer=dict(lr=1e-5))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=2501),
    dict(type='CosineAnnealingLR', T_max=47500, eta_min=0.0, by_epoch=False, begin=2500, end=50001),
]
default_hooks = dict(checkpoint=dict(interval=5000))
