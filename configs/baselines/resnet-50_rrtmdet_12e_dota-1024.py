"""ResNet-50 with rotated RTMDet's head on DOTA v1.0: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/rrtmdet_resnet-50.py',
    '../_base_/datasets/dota.py',
    '../_base_/schedules/mmrotate_12e.py',
]
model = dict(bbox_head=dict(num_classes=15))
