"""U-Net on BRIGHT, optical before and radar after the event, from scratch: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/unet.py',
    '../_base_/datasets/bright.py',
    '../_base_/schedules/mmseg_50k.py',
]
model = dict(
    data_preprocessor=dict(mean=[87.01, 91.52, 83.51, 36.42], std=[62.66, 54.58, 53.11, 33.89]),
    backbone=dict(in_channels=4),
    decode_head=dict(num_classes=4),
    auxiliary_head=dict(num_classes=4),
)
scene = dict(bands=[1, 2, 3, 4])
