"""MaRS large, optical encoder, with UPerNet on vaihingen. Never trained here."""

_base_ = [
    '../_base_/models/upernet_mars-large.py',
    '../_base_/datasets/vaihingen_512.py',
    '../_base_/schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=6), auxiliary_head=dict(num_classes=6))
