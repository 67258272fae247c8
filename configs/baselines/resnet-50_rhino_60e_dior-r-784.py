"""ResNet-50 with RHINO on DIOR-R: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/rhino_resnet-50.py',
    '../_base_/datasets/dior-r.py',
    '../_base_/schedules/mmrotate_60e.py',
]
model = dict(bbox_head=dict(num_classes=20))
