"""RHINO on DIOR-R, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/rhino.py',
    '../datasets/dior-r.py',
    '../schedules/mmrotate_60e.py',
]
model = dict(bbox_head=dict(num_classes=20))
