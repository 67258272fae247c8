"""400 iterations of MaRS's recipe for tiny models from scratch: a higher rate, and gradients are clipped."""

_base_ = './mars_pretrain_12e.py'
train_cfg = dict(max_iters=400)
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=3.0))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=41),
    dict(type='CosineAnnealingLR', T_max=360, eta_min=0.0, by_epoch=False, begin=40, end=401),
]
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=200))
auto_scale_lr = dict(base_batch_size=32)
