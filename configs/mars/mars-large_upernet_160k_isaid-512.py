"""MaRS large, optical encoder, with UPerNet on iSAID. Never trained here."""

_base_ = [
    '../_base_/models/upernet_mars-large.py',
    '../_base_/datasets/isaid_512.py',
    '../_base_/schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=16), auxiliary_head=dict(num_classes=16))
