"""SkySense++ HR, trained whole, and a linear layer on NWPU-RESISC45; our recipe. Never trained here."""

_base_ = [
    '../_base_/models/linear_skysensehr-huge.py',
    '../_base_/datasets/resisc45_256.py',
    '../_base_/schedules/mmpretrain_100e.py',
]
model = dict(head=dict(num_classes=45))
