"""CGEarthEye base, frozen, with UPerNet on Potsdam. The paper reports giant only. Never trained here."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-base.py',
    '../_base_/datasets/potsdam.py',
    '../_base_/schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=6), auxiliary_head=dict(num_classes=6))
