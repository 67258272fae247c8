"""SkySense++'s Sentinel-2 backbone on CABUAR. The original leaves lr and decay blank and weights classes by a loss
that it lacks: here the values of C2SMS floods and plain cross-entropy. Never trained here.
"""

_base_ = [
    '../_base_/models/upernet_skysenses2-large.py',
    '../_base_/datasets/cabuar.py',
    '../_base_/schedules/mmseg_10k_layerdecay.py',
]
model = dict(
    data_preprocessor=dict(sensor='cabuar-s2'), decode_head=dict(num_classes=2), auxiliary_head=dict(num_classes=2)
)
