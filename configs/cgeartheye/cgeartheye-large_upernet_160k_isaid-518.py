"""CGEarthEye large, frozen, with UPerNet on iSAID. The paper reports giant only. Never trained here."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-large.py',
    '../_base_/datasets/isaid.py',
    '../_base_/schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=16), auxiliary_head=dict(num_classes=16))
