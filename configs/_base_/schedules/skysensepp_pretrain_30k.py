"""30,000 iterations of SkySense++'s second stage: 32 GPUs x 8 mosaics, bfloat16, warm-up of 1,000, then down to zero.

For another length, change `max_iters` and the numbers of both schedulers alike. `end` is exclusive in mmengine, so each
schedule ends one later. bfloat16 runs on CPUs too.
"""

_base_ = '../pretrain_runtime.py'
default_scope = 'mmseg'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=30000, val_interval=3000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='mmrs.AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=1.0,
    constructor='mmrs.LayerDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=0.04),
    paramwise_cfg=dict(layer_decay_rate=0.7),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    # LinearLR multiplies, so it cannot start at 0; 1e-20 of the rate changes no weight.
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=1001),
    dict(type='LinearLR', start_factor=1.0, end_factor=0.0, by_epoch=False, begin=1000, end=30001),
]
log_processor = dict(by_epoch=False)
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=3000, save_best='prompt/mIoU', rule='greater'),
)
randomness = dict(seed=24042301)
auto_scale_lr = dict(enable=False, base_batch_size=256)
