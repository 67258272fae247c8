"""SkySense++'s high-resolution backbone with UPerNet on gvlm. Never trained here."""

_base_ = [
    '../_base_/models/upernet_skysensehr-huge.py',
    '../_base_/datasets/gvlm_512.py',
    '../_base_/schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=2), auxiliary_head=dict(num_classes=2))
