"""U-Net at toy size (0.5 M parameters): seconds to minutes on a CPU."""

_base_ = './unet.py'
model = dict(
    data_preprocessor=dict(size=(128, 128)),
    backbone=dict(base_channels=16, strides=(2, 1, 1, 1, 1)),  # half resolution inside
    decode_head=dict(in_channels=16, channels=16, dropout_ratio=0.0),
    auxiliary_head=None,
    test_cfg=dict(_delete_=True, mode='whole'),
)
scene = dict(tile=256, overlap=64)
