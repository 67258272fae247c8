"""ResNet-50 with rotated FCOS on DIOR-R: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/rfcos_resnet-50.py',
    '../_base_/datasets/dior-r.py',
    '../_base_/schedules/mmrotate_12e.py',
]
model = dict(bbox_head=dict(num_classes=20))
