"""Faster R-CNN on ViTDet's simple pyramid on DIOR, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/frcnn_pyramid.py',
    '../datasets/dior.py',
    '../schedules/mmdet_12e.py',
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=20)))
