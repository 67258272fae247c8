"""UPerNet on frozen CGEarthEye large: features of blocks 6, 12, 18 and 24. Never trained here."""

_base_ = './upernet_cgeartheye.py'
model = dict(
    backbone=dict(
        size='large',
        out_indices=(5, 11, 17, 23),
        frozen_stages=24,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-large-518'),
    ),
    neck=dict(in_channels=[1024] * 4, out_channels=1024),
    decode_head=dict(in_channels=[1024] * 4),
    auxiliary_head=dict(in_channels=1024),
)
