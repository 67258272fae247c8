"""200 iterations of contrast between views, with the schedules of self-distillation."""

_base_ = './cgeartheye_pretrain_600.py'
train_cfg = dict(max_iters=200)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=32),
    dict(type='CosineAnnealingLR', T_max=168, eta_min_ratio=0.005, by_epoch=False, begin=32, end=201),
]
custom_hooks = [
    dict(type='mmrs.ReplayHook'),
    dict(type='mmrs.ProgressHook'),
    dict(
        type='mmrs.SelfDistillationHook',
        momentum=(0.992, 1.0),
        teacher_temperature=(0.04, 0.07),
        temperature_iters=12,
        frozen_iters=4,
    ),
]
default_hooks = dict(checkpoint=dict(interval=200))
auto_scale_lr = dict(base_batch_size=16)
