"""Siamese UPerNet on a frozen CGEarthEye: both dates' maps side by side. The leaf sets the size."""

_base_ = './upernet_cgeartheye.py'
model = dict(
    type='mmrs.SiamEncoderDecoder',
    fusion='concat',
    data_preprocessor=dict(type='mmrs.SegDataPreProcessor', dates=2, size=(224, 224)),
    backbone=dict(img_size=224),
    decode_head=dict(channels=256, num_classes=2),
    auxiliary_head=dict(in_index=3, num_classes=2),
    test_cfg=dict(_delete_=True, mode='whole'),
)
scene = dict(tile=224, overlap=56)
