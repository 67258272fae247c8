"""CGEarthEye base, frozen, with RHINO on DIOR-R. The paper reports giant only. Never trained here."""

_base_ = [
    '../_base_/models/rhino.py',
    '../_base_/sizes/cgeartheye-base.py',
    '../_base_/datasets/dior-r.py',
    '../_base_/schedules/mmrotate_60e.py',
]
model = dict(
    backbone={{_base_.cgeartheye}},
    neck=dict(in_channels={{_base_.widths}}),
    bbox_head=dict(num_classes=20),
)
