"""CGEarthEye giant, frozen, with a linear head on NWPU-RESISC45. The paper: 95.84. Never trained here."""

_base_ = [
    '../_base_/models/linear_cgeartheye.py',
    '../_base_/datasets/resisc45.py',
    '../_base_/schedules/mmpretrain_100e.py',
]
model = dict(
    backbone=dict(
        size='giant',
        frozen_stages=40,
        init_cfg=dict(checkpoint='cgeartheye-giant-518'),
    ),
    head=dict(in_channels=1536, num_classes=45),
)
