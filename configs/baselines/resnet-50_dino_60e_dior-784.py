"""ResNet-50 with DINO on DIOR: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/dino_resnet-50.py',
    '../_base_/datasets/dior.py',
    '../_base_/schedules/mmdet_60e.py',
]
model = dict(bbox_head=dict(num_classes=20))
