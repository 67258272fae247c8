"""50,000 iterations of AdamW at a constant rate, as the baselines of BRIGHT are trained; damage decides the best."""

_base_ = './mmseg_10k.py'
train_cfg = dict(max_iters=50000, val_interval=2500)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=5e-3),
)
param_scheduler = []
default_hooks = dict(checkpoint=dict(interval=2500, save_best='damage/mIoU', rule='greater'))
