"""CGEarthEye giant, frozen, with UPerNet on Potsdam. The paper reports 93.53 mF1. Never trained here."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-giant.py',
    '../_base_/datasets/potsdam.py',
    '../_base_/schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=6), auxiliary_head=dict(num_classes=6))
