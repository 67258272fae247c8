"""U-Net on EarthMiss, RGB and SAR, trained from scratch: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/unet.py',
    '../_base_/datasets/earthmiss.py',
    '../_base_/schedules/mmseg_15k.py',
]
model = dict(
    data_preprocessor=dict(mean=[111.973, 118.424, 115.031, 63.3005], std=[72.971, 72.985, 81.918, 68.2041]),
    backbone=dict(in_channels=4),
    decode_head=dict(num_classes=8),
    auxiliary_head=dict(num_classes=8),
)
scene = dict(bands=[1, 2, 3, 4])
optim_wrapper = dict(optimizer=dict(lr=1e-3))  # from scratch, not from weights that were trained before
