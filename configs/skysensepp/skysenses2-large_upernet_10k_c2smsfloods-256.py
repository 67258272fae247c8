"""SkySense++'s Sentinel-2 backbone on C2SMS floods. Never trained here."""

_base_ = [
    '../_base_/models/upernet_skysenses2-large.py',
    '../_base_/datasets/c2smsfloods.py',
    '../_base_/schedules/mmseg_10k_layerdecay.py',
]
model = dict(
    data_preprocessor=dict(sensor='c2smsfloods-s2'), decode_head=dict(num_classes=4), auxiliary_head=dict(num_classes=4)
)
