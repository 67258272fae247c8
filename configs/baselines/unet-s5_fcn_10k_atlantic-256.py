"""U-Net on Atlantic deforestation, trained from scratch: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/unet_256.py',
    '../_base_/datasets/atlantic.py',
    '../_base_/schedules/mmseg_10k.py',
]
model = dict(
    data_preprocessor=dict(sensor='atlantic-s2'),
    backbone=dict(in_channels=4),
    decode_head=dict(num_classes=2),
    auxiliary_head=dict(num_classes=2),
)
scene = dict(bands=[1, 2, 3, 4])
optim_wrapper = dict(optimizer=dict(lr=1e-3))  # from scratch, not from weights that were trained before
