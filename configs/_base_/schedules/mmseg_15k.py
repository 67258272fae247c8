"""15,000 iterations of AdamW with a polynomial of 0.9, as MetaRS trains on EarthMiss."""

_base_ = './mmseg_10k.py'
train_cfg = dict(max_iters=15000, val_interval=1500)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),
)
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0.0, by_epoch=False, begin=0, end=15000)]
default_hooks = dict(checkpoint=dict(interval=1500))
