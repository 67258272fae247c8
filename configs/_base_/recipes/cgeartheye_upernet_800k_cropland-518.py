"""UPerNet on cropland, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/upernet_cgeartheye.py',
    '../datasets/cropland.py',
    '../schedules/mmseg_800k.py',
]
model = dict(decode_head=dict(num_classes=2), auxiliary_head=dict(num_classes=2))
