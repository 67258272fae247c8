"""ResNet-50 with Faster R-CNN on DIOR: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/frcnn_resnet-50.py',
    '../_base_/datasets/dior.py',
    '../_base_/schedules/mmdet_12e.py',
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=20)))
