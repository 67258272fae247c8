"""Change decoder of MaRS on its optical encoder, shared by both dates (specification, 5.8). Never trained here."""

model = dict(
    type='mmrs.SiamEncoderDecoder',
    fusion='concat',
    data_preprocessor=dict(
        type='mmrs.SegDataPreProcessor',
        mean=[127.5] * 3,
        std=[127.5] * 3,
        dates=2,
        pad_val=0,
        seg_pad_val=255,
        size=(512, 512),
    ),
    backbone=dict(
        type='mmrs.MaRS',
        size='base',
        modality='rgb',
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='mars-base-rgb'),
    ),
    decode_head=dict(
        type='mmrs.MaRSChangeHead',
        in_channels=2048,
        loss_decode=[
            dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=0.5, avg_non_ignore=True),
            dict(type='mmrs.ForegroundDiceLoss', loss_weight=0.5),
        ],
    ),
    auxiliary_head=None,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
scene = dict(tile=512, overlap=128, bands=[1, 2, 3], batch_size=4)
