"""ResNet-50 with Oriented R-CNN on DIOR-R: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/orcnn_resnet-50.py',
    '../_base_/datasets/dior-r.py',
    '../_base_/schedules/mmrotate_12e.py',
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=20)))
