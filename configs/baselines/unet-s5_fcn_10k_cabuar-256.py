"""U-Net on CABUAR, trained from scratch: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/unet_256.py',
    '../_base_/datasets/cabuar.py',
    '../_base_/schedules/mmseg_10k.py',
]
model = dict(
    data_preprocessor=dict(sensor='cabuar-s2'),
    backbone=dict(in_channels=10),
    decode_head=dict(num_classes=2),
    auxiliary_head=dict(num_classes=2),
)
scene = dict(bands=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
optim_wrapper = dict(optimizer=dict(lr=1e-3))  # from scratch, not from weights that were trained before
