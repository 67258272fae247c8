"""UPerNet on frozen CGEarthEye base: features of blocks 3, 6, 9 and 12. Never trained here."""

_base_ = './upernet_cgeartheye.py'
model = dict(
    backbone=dict(
        size='base',
        out_indices=(2, 5, 8, 11),
        frozen_stages=12,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-base-518'),
    ),
    neck=dict(in_channels=[768] * 4, out_channels=768),
    decode_head=dict(in_channels=[768] * 4),
    auxiliary_head=dict(in_channels=768),
)
