"""U-Net, the plain baseline of segmentation: five levels, trained from scratch. Never trained here.

The leaf sets the number of classes, and of bands where it is not three.
"""

_base_ = './upernet.py'
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    data_preprocessor=dict(test_cfg=dict(size_divisor=32)),  # or halves and doubles of an odd size differ
    backbone=dict(type='UNet', in_channels=3, base_channels=64, norm_cfg=norm_cfg),
    decode_head=dict(
        _delete_=True,
        type='FCNHead',
        in_index=4,
        in_channels=64,
        channels=64,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True),
    ),
    auxiliary_head=dict(in_index=3, in_channels=128, channels=64),
)
