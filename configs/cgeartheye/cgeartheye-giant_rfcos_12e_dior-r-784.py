"""CGEarthEye giant, frozen, with rotated FCOS on DIOR-R. Never trained here."""

_base_ = [
    '../_base_/models/rfcos.py',
    '../_base_/sizes/cgeartheye-giant.py',
    '../_base_/datasets/dior-r.py',
    '../_base_/schedules/mmrotate_12e.py',
]
model = dict(
    backbone={{_base_.cgeartheye}},
    neck=dict(in_channels={{_base_.widths}}),
    bbox_head=dict(num_classes=20),
)
