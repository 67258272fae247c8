"""UPerNet on frozen CGEarthEye small: features of blocks 3, 6, 9 and 12. Never trained here."""

_base_ = './upernet_cgeartheye.py'
model = dict(
    backbone=dict(
        size='small',
        out_indices=(2, 5, 8, 11),
        frozen_stages=12,
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-small-518'),
    ),
    neck=dict(in_channels=[384] * 4, out_channels=384),
    decode_head=dict(in_channels=[384] * 4),
    auxiliary_head=dict(in_channels=384),
)
