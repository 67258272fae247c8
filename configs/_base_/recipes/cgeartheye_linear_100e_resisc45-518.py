"""A linear head on NWPU-RESISC45, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/linear_cgeartheye.py',
    '../datasets/resisc45.py',
    '../schedules/mmpretrain_100e.py',
]
model = dict(head=dict(num_classes=45))
