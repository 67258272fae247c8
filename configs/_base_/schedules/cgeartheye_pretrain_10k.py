"""10,000 iterations of self-distillation at a larger size, in the proportions of the long schedule.

The length is DINOv2's for its last stage; rate and schedules of that stage are not published, nor are CGEarthEye's.
The teacher is warm already: temperature and decay stay where they ended, and the last layer is not frozen. The rate is
the long schedule's rule for a batch of 64.
"""

_base_ = './cgeartheye_pretrain_450k.py'
train_cfg = dict(max_iters=10000)
# 2e-4 x sqrt(64 / 1024), and the decay at which the long schedule ends
optim_wrapper = dict(optimizer=dict(lr=5e-5, weight_decay=0.2))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=1600),
    dict(type='CosineAnnealingLR', T_max=8400, eta_min_ratio=0.005, by_epoch=False, begin=1600, end=10001),
]
custom_hooks = [
    dict(type='mmrs.ReplayHook'),
    dict(type='mmrs.ProgressHook'),
    dict(
        type='mmrs.SelfDistillationHook',
        momentum=(0.992, 1.0),
        teacher_temperature=(0.07, 0.07),
        temperature_iters=0,
        frozen_iters=0,
    ),
]
default_hooks = dict(checkpoint=dict(interval=2500))
auto_scale_lr = dict(base_batch_size=64)
