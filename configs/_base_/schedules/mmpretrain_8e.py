"""8 epochs of AdamW for tiny models from scratch: one of warm-up, then a cosine."""

_base_ = './mmpretrain_100e.py'
train_cfg = dict(max_epochs=8)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=7, by_epoch=True, begin=1, end=8, convert_to_iter_based=True),
]
