"""Oriented R-CNN on DOTA v1.0, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/orcnn.py',
    '../datasets/dota.py',
    '../schedules/mmrotate_12e.py',
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=15)))
