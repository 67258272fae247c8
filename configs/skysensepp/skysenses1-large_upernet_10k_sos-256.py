"""SkySense++'s Sentinel-1 backbone on SOS oil spill. The original has 2 input channels for images of 3 equal ones and
trains for no iteration: here one channel, on the weights of VV, and 10,000 iterations. Never trained here.
"""

_base_ = [
    '../_base_/models/upernet_skysenses1-large.py',
    '../_base_/datasets/sos.py',
    '../_base_/schedules/mmseg_10k.py',
]
model = dict(
    data_preprocessor=dict(sensor=None, mean=[83.37], std=[40.45]),
    backbone=dict(bands=('VV',)),
    neck=dict(out_channels=1024, scales=[4, 2, 1, 0.5]),
    decode_head=dict(in_channels=[1024] * 4, num_classes=2),
    auxiliary_head=None,
)
scene = dict(bands=[1])
