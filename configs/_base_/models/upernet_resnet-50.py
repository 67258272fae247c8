"""UPerNet on ResNet-50 with ImageNet weights of torchvision: the plain baseline. Never trained here."""

_base_ = './upernet.py'
model = dict(
    backbone=dict(
        type='ResNet',
        depth=50,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    decode_head=dict(in_channels=[256, 512, 1024, 2048]),
    auxiliary_head=dict(in_channels=1024),
)
