"""CGEarthEye small, frozen, with rotated RTMDet's head on DOTA v1.0. Never trained here."""

_base_ = [
    '../_base_/models/rrtmdet.py',
    '../_base_/sizes/cgeartheye-small.py',
    '../_base_/datasets/dota.py',
    '../_base_/schedules/mmrotate_12e.py',
]
model = dict(
    backbone={{_base_.cgeartheye}},
    neck=dict(in_channels={{_base_.widths}}),
    bbox_head=dict(num_classes=15),
)
