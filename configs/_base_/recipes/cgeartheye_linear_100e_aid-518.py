"""A linear head on AID, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/linear_cgeartheye.py',
    '../datasets/aid.py',
    '../schedules/mmpretrain_100e.py',
]
model = dict(head=dict(num_classes=30))
