"""SkySense++'s Sentinel-1 backbone on SOS oil spill. The original has 2 input channels for images with 3 and trains
for no iteration: here 3 channels, and the 10,000 iterations of its neighbours. Never trained here.
"""

_base_ = [
    '../_base_/models/upernet_skysenses1-large.py',
    '../_base_/datasets/sos.py',
    '../_base_/schedules/mmseg_10k.py',
]
model = dict(
    data_preprocessor=dict(sensor='sos-sar'),
    backbone=dict(in_channels=3),
    neck=dict(out_channels=1024, scales=[4, 2, 1, 0.5]),
    decode_head=dict(in_channels=[1024] * 4, num_classes=2),
    auxiliary_head=None,
)
scene = dict(bands=[1, 2, 3])
