"""12 epochs of MaRS large: 8 GPUs x 12, 43,711 iterations an epoch; the rest as for base."""

_base_ = './mars_pretrain_12e.py'
train_cfg = dict(max_iters=524532)
optim_wrapper = dict(optimizer=dict(lr=3.75e-5))  # 1e-4 x batch / 256
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=43712),
    dict(type='CosineAnnealingLR', T_max=480821, eta_min=0.0, by_epoch=False, begin=43711, end=524533),
]
default_hooks = dict(checkpoint=dict(interval=43711))
auto_scale_lr = dict(base_batch_size=96)
