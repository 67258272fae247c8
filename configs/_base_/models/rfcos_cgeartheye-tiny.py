"""Rotated FCOS on CGEarthEye at toy size, trained from scratch in minutes on two CPU cores: strides 4 to 16.

Angles are phases with a loss of their own: learned through the IoU alone, long objects stay square for long.
"""

_base_ = './rfcos.py'
model = dict(
    data_preprocessor=dict(pad_size_divisor=16),
    backbone=dict(
        type='mmrs.CGEarthEye',
        size=dict(embed_dims=96, num_layers=4, num_heads=3, mlp_ratio=3.0),
        img_size=128,
        patch_size=8,
        out_type='featmap',
        out_indices=(1, 2, 3),
        layer_scale_init=None,
    ),
    neck=dict(in_channels=[96] * 3, out_channels=48, norm_cfg=dict(num_groups=8), num_outs=3),
    bbox_head=dict(
        in_channels=48,
        feat_channels=48,
        stacked_convs=2,
        strides=[4, 8, 16],
        regress_ranges=((-1, 24), (24, 64), (64, 1e8)),
        norm_cfg=dict(type='GN', num_groups=8, requires_grad=True),
        use_hbbox_loss=True,
        scale_angle=False,
        angle_coder=dict(type='PSCCoder', angle_version='le90', dual_freq=True, num_step=3, thr_mod=0),
        loss_bbox=dict(_delete_=True, type='mmdet.GIoULoss', loss_weight=1.0),
        loss_angle=dict(_delete_=True, type='mmdet.L1Loss', loss_weight=1.0),
    ),
    test_cfg=dict(nms_pre=500, max_per_img=200),
)
scene = dict(tile=256, overlap=96, score=0.25)
