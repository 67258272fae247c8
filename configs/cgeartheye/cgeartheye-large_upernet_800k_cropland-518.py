"""CGEarthEye large, frozen, with UPerNet on cropland. Never trained here."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-large.py',
    '../_base_/datasets/cropland.py',
    '../_base_/schedules/mmseg_800k.py',
]
model = dict(decode_head=dict(num_classes=2), auxiliary_head=dict(num_classes=2))
