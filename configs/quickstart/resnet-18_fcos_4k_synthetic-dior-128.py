"""First steps in horizontal detection: FCOS on a thin ResNet, data as in DIOR."""

_base_ = [
    '../_base_/models/fcos_resnet-18.py',
    '../_base_/datasets/synthetic_dior.py',
    '../_base_/schedules/mmdet_4k.py',
]
model = dict(bbox_head=dict(num_classes=20))
