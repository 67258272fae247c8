"""The road head of MaRS on its optical encoder: decoder blocks on the last map alone, half cross-entropy, half Dice.

Pixels are scaled to -1 to 1, and tests cut an image into windows that do not overlap, as in the original.
Never trained here.
"""

_base_ = './upernet.py'
model = dict(
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]),
    backbone=dict(
        type='mmrs.MaRS',
        size='base',
        modality='rgb',
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='mars-base-rgb'),
    ),
    decode_head=dict(
        _delete_=True,
        type='mmrs.MaRSFCNHead',
        in_channels=[128, 256, 512, 1024],
        num_classes=2,
        loss_decode=[
            dict(type='CrossEntropyLoss', loss_name='loss_ce', loss_weight=0.5, avg_non_ignore=True),
            dict(type='DiceLoss', loss_name='loss_dice', loss_weight=0.5),
        ],
    ),
    auxiliary_head=None,
    test_cfg=dict(crop_size=(512, 512), stride=(512, 512)),
)
scene = dict(overlap=128)
