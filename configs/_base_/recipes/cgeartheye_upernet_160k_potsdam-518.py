"""UPerNet on Potsdam, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/upernet_cgeartheye.py',
    '../datasets/potsdam.py',
    '../schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=6), auxiliary_head=dict(num_classes=6))
