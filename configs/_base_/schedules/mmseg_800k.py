"""800,000 iterations of AdamW at 1e-5 as for CGEarthEye's cropland; the head learns ten times faster."""

_base_ = './mmseg_160k.py'
train_cfg = dict(max_iters=800000)
optim_wrapper = dict(optimizer=dict(lr=1e-5))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=4000),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=4000, end=800000),
]
