"""60 epochs of AdamW as in CGEarthEye's detection configs; the backbone learns ten times slower where it learns."""

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=60, val_interval=3)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    # Heads that share layers between levels list them more than once.
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1)), bypass_duplicate=True),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=True, begin=0, end=2, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=58, by_epoch=True, begin=2, end=60, convert_to_iter_based=True),
]
