"""12 epochs of AdamW as MaRS was pre-trained, by iteration: linear warm-up from 0 in the first, then half a cosine.

32,783 iterations an epoch: 4,196,292 tiles of MaRS-16M, 8 GPUs x 16. For other data, change `max_iters` and the numbers
of both schedulers alike. `end` is exclusive in mmengine, so the warm-up ends one later and reaches the full rate at
32,783. Warm-up by epochs with `convert_to_iter_based` would reach it one iteration too early. The original trains in
float16 (`mmrs train --amp`) and clips no gradients.
"""

_base_ = '../pretrain_runtime.py'
train_cfg = dict(type='IterBasedTrainLoop', max_iters=393396)
optim_wrapper = dict(
    type='OptimWrapper',
    # Rate: 1e-4 x batch / 256. Fused: one pass over the weights, the same numbers.
    optimizer=dict(type='AdamW', lr=5e-5, betas=(0.9, 0.95), weight_decay=0.05, fused=True),
    paramwise_cfg=dict(
        norm_decay_mult=0.0,
        bias_decay_mult=0.0,
        flat_decay_mult=0.0,
        custom_keys=dict(contrast_temp=dict(decay_mult=0.0)),
    ),
)
param_scheduler = [
    # LinearLR multiplies, so it cannot start at 0; 1e-20 of the rate changes no weight.
    dict(type='LinearLR', start_factor=1e-20, by_epoch=False, begin=0, end=32784),
    dict(type='CosineAnnealingLR', T_max=360613, eta_min=0.0, by_epoch=False, begin=32783, end=393397),
]
log_processor = dict(by_epoch=False)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=32783))
auto_scale_lr = dict(enable=False, base_batch_size=128)
