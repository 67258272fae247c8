"""CGEarthEye base, frozen, with DINO on DIOR. The paper reports giant only. Never trained here."""

_base_ = [
    '../_base_/models/dino.py',
    '../_base_/sizes/cgeartheye-base.py',
    '../_base_/datasets/dior.py',
    '../_base_/schedules/mmdet_60e.py',
]
model = dict(
    backbone={{_base_.cgeartheye}},
    neck=dict(in_channels={{_base_.widths}}),
    bbox_head=dict(num_classes=20),
)
