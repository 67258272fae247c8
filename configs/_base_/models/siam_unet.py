"""The plain baseline at toy size: a siamese U-Net, both dates' maps side by side, trained from scratch."""

norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='mmrs.SiamEncoderDecoder',
    fusion='concat',
    data_preprocessor=dict(
        type='mmrs.SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        dates=2,
        pad_val=0,
        seg_pad_val=255,
        size=(128, 128),
    ),
    backbone=dict(type='UNet', base_channels=8, norm_cfg=norm_cfg),
    decode_head=dict(
        type='FCNHead',
        in_index=4,
        in_channels=16,
        channels=16,
        num_convs=2,
        concat_input=False,
        dropout_ratio=0.0,
        num_classes=2,
        norm_cfg=norm_cfg,
        align_corners=False,
        # One pixel in fifty has changed.
        loss_decode=dict(type='CrossEntropyLoss', class_weight=[1.0, 8.0]),
    ),
    auxiliary_head=None,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
scene = dict(tile=256, overlap=64, bands=[1, 2, 3], batch_size=4)
