"""Siamese UPerNet on the high-resolution backbone of SkySense++, trained whole: both dates' maps side by side."""

_base_ = './upernet_skysensehr-huge.py'
model = dict(
    type='mmrs.SiamEncoderDecoder',
    fusion='concat',
    data_preprocessor=dict(type='mmrs.SegDataPreProcessor', dates=2),
    decode_head=dict(in_channels=[704, 1408, 2816, 5632], channels=256, num_classes=2),
    auxiliary_head=dict(in_channels=2816, num_classes=2),
    test_cfg=dict(stride=(256, 256)),
)
