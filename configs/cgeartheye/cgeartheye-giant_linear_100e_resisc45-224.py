"""CGEarthEye giant, frozen, with a linear head on RESISC45 at 224 px. No score is published. Never trained here."""

_base_ = [
    '../_base_/models/linear_cgeartheye.py',
    '../_base_/datasets/resisc45_224.py',
    '../_base_/schedules/mmpretrain_100e.py',
]
model = dict(
    backbone=dict(
        size='giant',
        img_size=224,
        frozen_stages=40,
        init_cfg=dict(checkpoint='cgeartheye-giant-224'),
    ),
    head=dict(in_channels=1536, num_classes=45),
)
