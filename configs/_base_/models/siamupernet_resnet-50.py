"""The plain baseline of change detection: siamese UPerNet on ResNet-50, fine-tuned whole. Never trained here."""

_base_ = './upernet_resnet-50.py'
model = dict(
    type='mmrs.SiamEncoderDecoder',
    fusion='concat',
    data_preprocessor=dict(type='mmrs.SegDataPreProcessor', dates=2),
    decode_head=dict(in_channels=[512, 1024, 2048, 4096], channels=256, num_classes=2),
    auxiliary_head=dict(in_channels=2048, num_classes=2),
    test_cfg=dict(stride=(256, 256)),
)
