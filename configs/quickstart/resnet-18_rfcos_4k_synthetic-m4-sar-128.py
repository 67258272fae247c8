"""First steps with optical and SAR: rotated FCOS on a thin ResNet of four channels, data as in M4-SAR."""

_base_ = [
    '../_base_/models/rfcos_resnet-18.py',
    '../_base_/datasets/synthetic_m4sar.py',
    '../_base_/schedules/mmrotate_4k.py',
]
model = dict(
    data_preprocessor=dict(mean=[123.675, 116.28, 103.53, 100.0], std=[58.395, 57.12, 57.375, 50.0]),
    backbone=dict(in_channels=4),
    bbox_head=dict(num_classes=6),
)
scene = dict(bands=[1, 2, 3, 4])
