"""CGEarthEye base, frozen, with a linear head on AID. The paper reports giant only. Never trained here."""

_base_ = [
    '../_base_/models/linear_cgeartheye.py',
    '../_base_/datasets/aid.py',
    '../_base_/schedules/mmpretrain_100e.py',
]
model = dict(
    backbone=dict(
        size='base',
        frozen_stages=12,
        init_cfg=dict(checkpoint='cgeartheye-base-518'),
    ),
    head=dict(in_channels=768, num_classes=30),
)
