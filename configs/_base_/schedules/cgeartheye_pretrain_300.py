"""300 iterations of self-distillation for tiny models from scratch: half of the 600."""

_base_ = './cgeartheye_pretrain_600.py'
train_cfg = dict(max_iters=300)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=48),
    dict(type='CosineAnnealingLR', T_max=252, eta_min_ratio=0.005, by_epoch=False, begin=48, end=301),
    dict(
        type='CosineAnnealingParamScheduler',
        param_name='weight_decay',
        T_max=300,
        eta_min_ratio=5.0,
        by_epoch=False,
        begin=0,
        end=301,
    ),
]
custom_hooks = [
    dict(type='mmrs.ReplayHook'),
    dict(type='mmrs.ProgressHook'),
    dict(
        type='mmrs.SelfDistillationHook',
        momentum=(0.992, 1.0),
        teacher_temperature=(0.04, 0.07),
        temperature_iters=18,
        frozen_iters=5,
    ),
]
