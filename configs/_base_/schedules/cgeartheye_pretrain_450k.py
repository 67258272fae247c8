"""450,000 iterations of self-distillation by DINOv2's recipe, in the proportions of its 500 epochs of 1,250 iterations.

Of CGEarthEye's report: 0.992 as the teacher's momentum. Of the name of its first weights: 450,000 iterations and a
batch of 448. All else is DINOv2's: 80 epochs of warm-up, 30 of a rising temperature, 1 of a frozen last layer. For
another length, change `max_iters` and every number of iterations alike.
"""

_base_ = '../pretrain_runtime.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=450000)
optim_wrapper = dict(
    type='mmrs.PartClipOptimWrapper',
    constructor='mmrs.LayerDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1.3229e-4, betas=(0.9, 0.999), weight_decay=0.04),  # 2e-4 x sqrt(448 / 1024)
    paramwise_cfg=dict(
        layer_decay_rate=1.0,
        no_decay=['gamma'],
        lr_mults=dict(patch_embed=0.2),
        apart=['last_layer'],
    ),
    clip_grad=dict(max_norm=3.0),  # of the backbone and of each head by itself
)
param_scheduler = [
    # LinearLR multiplies, so it cannot start at 0; 1e-20 of the rate changes no weight.
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=72000),
    # 0.005 of the rate is DINOv2's 1e-6 beside its 2e-4.
    dict(type='CosineAnnealingLR', T_max=378000, eta_min_ratio=0.005, by_epoch=False, begin=72000, end=450001),
    # From 0.04 to 0.2; a ratio, so that what is not decayed stays so.
    dict(
        type='CosineAnnealingParamScheduler',
        param_name='weight_decay',
        T_max=450000,
        eta_min_ratio=5.0,
        by_epoch=False,
        begin=0,
        end=450001,
    ),
]
custom_hooks = [
    dict(type='mmrs.ReplayHook'),
    dict(type='mmrs.ProgressHook'),
    dict(
        type='mmrs.SelfDistillationHook',
        momentum=(0.992, 1.0),
        teacher_temperature=(0.04, 0.07),
        temperature_iters=27000,
        frozen_iters=900,
    ),
]
log_processor = dict(by_epoch=False)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=12500))
auto_scale_lr = dict(enable=False, base_batch_size=448)
