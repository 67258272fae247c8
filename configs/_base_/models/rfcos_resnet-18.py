"""Rotated FCOS on a thin ResNet-18 at toy size, trained from scratch: strides 4 to 16."""

_base_ = './rfcos_cgeartheye-tiny.py'
norm_cfg = dict(type='BN')
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmdet.ResNet',
        depth=18,
        base_channels=32,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(0, 1, 2),
        norm_cfg=norm_cfg,
    ),
    neck=dict(
        _delete_=True, type='mmdet.FPN', in_channels=[32, 64, 128], out_channels=48, num_outs=3, norm_cfg=norm_cfg
    ),
)
