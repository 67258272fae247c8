"""UPerNet on LoveDA, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/upernet_cgeartheye.py',
    '../datasets/loveda.py',
    '../schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=7), auxiliary_head=dict(num_classes=7))
