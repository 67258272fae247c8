"""U-Net on C2SMS floods, trained from scratch: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/unet_256.py',
    '../_base_/datasets/c2smsfloods.py',
    '../_base_/schedules/mmseg_10k.py',
]
model = dict(
    data_preprocessor=dict(sensor='c2smsfloods-s2'),
    backbone=dict(in_channels=10),
    decode_head=dict(num_classes=4),
    auxiliary_head=dict(num_classes=4),
)
scene = dict(bands=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
optim_wrapper = dict(optimizer=dict(lr=1e-3))  # from scratch, not from weights that were trained before
