"""UPerNet on the optical encoder of MaRS base, normalised as in its pre-training. Never trained here."""

_base_ = './upernet.py'
model = dict(
    data_preprocessor=dict(mean=[87.01, 91.52, 83.51], std=[62.66, 54.58, 53.11]),
    backbone=dict(
        type='mmrs.MaRS',
        size='base',
        modality='rgb',
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='mars-base-rgb'),
    ),
    decode_head=dict(in_channels=[128, 256, 512, 1024]),
    auxiliary_head=dict(in_channels=512),
)
