"""UPerNet on the high-resolution backbone of SkySense++, without annotations. Never trained here."""

_base_ = './upernet.py'
model = dict(
    backbone=dict(
        type='mmrs.SkySenseHR',
        arch='huge',
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='skysensepp-hr'),
    ),
    decode_head=dict(in_channels=[352, 704, 1408, 2816]),
    auxiliary_head=dict(in_channels=1408),
)
