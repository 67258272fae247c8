"""80,000 iterations of AdamW as in CGEarthEye's BAN configs; the decoder learns ten times faster. `--amp` on a GPU."""

_base_ = '../change_runtime.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=80000, val_interval=2000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=1e-4),
    clip_grad=dict(max_norm=0.01, norm_type=2),
    paramwise_cfg=dict(custom_keys=dict(mask_decoder=dict(lr_mult=10.0)), norm_decay_mult=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1000),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=1000, end=80000),
]
log_processor = dict(by_epoch=False)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=2000, save_best='change/F1', rule='greater'))
auto_scale_lr = dict(enable=False, base_batch_size=64)  # 8 GPUs x 8 pairs
