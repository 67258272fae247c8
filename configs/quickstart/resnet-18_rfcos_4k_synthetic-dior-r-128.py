"""First steps in oriented detection: rotated FCOS on a thin ResNet, data as in DIOR-R."""

_base_ = [
    '../_base_/models/rfcos_resnet-18.py',
    '../_base_/datasets/synthetic_dior-r.py',
    '../_base_/schedules/mmrotate_4k.py',
]
model = dict(bbox_head=dict(num_classes=20))
scene = dict(score=0.2)
