"""600 iterations of self-distillation for tiny models from scratch, in the proportions of the long schedule."""

_base_ = './cgeartheye_pretrain_450k.py'
train_cfg = dict(max_iters=600)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=96),
    dict(type='CosineAnnealingLR', T_max=504, eta_min_ratio=0.005, by_epoch=False, begin=96, end=601),
    dict(
        type='CosineAnnealingParamScheduler',
        param_name='weight_decay',
        T_max=600,
        eta_min_ratio=5.0,
        by_epoch=False,
        begin=0,
        end=601,
    ),
]
custom_hooks = [
    dict(type='mmrs.ReplayHook'),
    dict(type='mmrs.ProgressHook'),
    dict(
        type='mmrs.SelfDistillationHook',
        momentum=(0.992, 1.0),
        teacher_temperature=(0.04, 0.07),
        temperature_iters=36,
        frozen_iters=10,
    ),
]
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=300))
auto_scale_lr = dict(base_batch_size=32)
