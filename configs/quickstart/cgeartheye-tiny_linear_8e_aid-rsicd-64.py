"""First steps in scene classification: AID at 64 px with a tiny vision transformer, minutes on a CPU."""

_base_ = [
    '../_base_/models/linear_cgeartheye.py',
    '../_base_/datasets/scene_folders.py',
    '../_base_/schedules/mmpretrain_100e.py',
]
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmrs.CGEarthEye',
        out_type='cls_token',
        size=dict(embed_dims=96, num_layers=4, num_heads=3, mlp_ratio=3.0),
        img_size=64,
        patch_size=8,
        layer_scale_init=None,
    ),
    head=dict(in_channels=96, num_classes=30),
)
train_cfg = dict(max_epochs=8)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', T_max=7, by_epoch=True, begin=1, end=8, convert_to_iter_based=True),
]
