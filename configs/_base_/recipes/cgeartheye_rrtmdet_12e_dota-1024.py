"""Rotated RTMDet's head on DOTA v1.0, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/rrtmdet.py',
    '../datasets/dota.py',
    '../schedules/mmrotate_12e.py',
]
model = dict(bbox_head=dict(num_classes=15))
