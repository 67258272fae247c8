"""400 iterations for tiny models from scratch on a CPU: no bfloat16, no decay of the rate with depth."""

_base_ = './skysensepp_pretrain_30k.py'
train_cfg = dict(max_iters=400, val_interval=400)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    constructor='mmrs.LayerDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=2e-3, betas=(0.9, 0.98), weight_decay=0.04),
    paramwise_cfg=dict(layer_decay_rate=1.0, lr_mults=dict(annotation=3.0)),
    clip_grad=dict(max_norm=5.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=26),
    dict(type='LinearLR', start_factor=1.0, end_factor=0.0, by_epoch=False, begin=25, end=401),
]
default_hooks = dict(logger=dict(interval=25), checkpoint=dict(interval=200))
randomness = dict(seed=0)
auto_scale_lr = dict(base_batch_size=16)
