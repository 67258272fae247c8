"""CGEarthEye large, frozen, with a linear head on NWPU-RESISC45. The paper reports giant only. Never trained here."""

_base_ = [
    '../_base_/models/linear_cgeartheye.py',
    '../_base_/datasets/resisc45.py',
    '../_base_/schedules/mmpretrain_100e.py',
]
model = dict(
    backbone=dict(
        size='large',
        frozen_stages=24,
        init_cfg=dict(checkpoint='cgeartheye-large-518'),
    ),
    head=dict(in_channels=1024, num_classes=45),
)
