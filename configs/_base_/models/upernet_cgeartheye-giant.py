"""UPerNet on frozen CGEarthEye giant: features of blocks 10, 20, 30 and 40. Never trained here."""

_base_ = './upernet_cgeartheye.py'
model = dict(
    backbone=dict(
        size='giant',
        out_indices=(9, 19, 29, 39),
        frozen_stages=40,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-giant-518'),
    ),
    neck=dict(in_channels=[1536] * 4, out_channels=1536),
    decode_head=dict(in_channels=[1536] * 4),
    auxiliary_head=dict(in_channels=1536),
)
