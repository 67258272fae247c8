"""CGEarthEye giant, frozen, with UPerNet on LoveDA. The paper reports 56.67 mIoU. Never trained here."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-giant.py',
    '../_base_/datasets/loveda.py',
    '../_base_/schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=7), auxiliary_head=dict(num_classes=7))
