"""Oriented R-CNN on DIOR-R, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/orcnn.py',
    '../datasets/dior-r.py',
    '../schedules/mmrotate_12e.py',
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=20)))
