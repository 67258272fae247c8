"""SkySense++'s Sentinel-1 backbone on Sen1Floods11; no recipe is published. Never trained here."""

_base_ = [
    '../_base_/models/upernet_skysenses1-large.py',
    '../_base_/datasets/sen1floods11.py',
    '../_base_/schedules/mmseg_10k.py',
]
model = dict(decode_head=dict(num_classes=2), auxiliary_head=dict(num_classes=2))
