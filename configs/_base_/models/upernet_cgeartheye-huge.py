"""UPerNet on frozen CGEarthEye huge: features of blocks 8, 16, 24 and 32. Never trained here."""

_base_ = './upernet_cgeartheye.py'
model = dict(
    backbone=dict(
        size='huge',
        out_indices=(7, 15, 23, 31),
        frozen_stages=32,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-huge-518'),
    ),
    neck=dict(in_channels=[1280] * 4, out_channels=1280),
    decode_head=dict(in_channels=[1280] * 4),
    auxiliary_head=dict(in_channels=1280),
)
