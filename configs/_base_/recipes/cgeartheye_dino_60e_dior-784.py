"""DINO on DIOR, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/dino.py',
    '../datasets/dior.py',
    '../schedules/mmdet_60e.py',
]
model = dict(bbox_head=dict(num_classes=20))
