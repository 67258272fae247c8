"""24 epochs of AdamW for tiny models from scratch: one of warm-up, then a cosine."""

_base_ = './mmpretrain_8e.py'
train_cfg = dict(max_epochs=24)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=23, by_epoch=True, begin=1, end=24, convert_to_iter_based=True),
]
