"""MaRS large, optical and SAR encoders summed, with UPerNet on EarthMiss. The protocol is
that of MetaRS, the head our choice. Never trained here."""

_base_ = [
    '../_base_/models/upernet_marsdual-large.py',
    '../_base_/datasets/earthmiss.py',
    '../_base_/schedules/mmseg_15k.py',
]
model = dict(
    data_preprocessor=dict(
        mean=[111.973, 118.424, 115.031, 63.3005],
        std=[72.971, 72.985, 81.918, 68.2041],
    ),
    decode_head=dict(num_classes=8),
    auxiliary_head=dict(num_classes=8),
    # Windows of 512 px every 341 px.
    test_cfg=dict(stride=(341, 341)),
)
scene = dict(bands=[1, 2, 3, 4])
