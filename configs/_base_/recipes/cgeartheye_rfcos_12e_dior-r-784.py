"""Rotated FCOS on DIOR-R, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/rfcos.py',
    '../datasets/dior-r.py',
    '../schedules/mmrotate_12e.py',
]
model = dict(bbox_head=dict(num_classes=20))
