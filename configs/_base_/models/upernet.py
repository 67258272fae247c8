"""UPerNet on a backbone of four stages at strides 4 to 32, and an FCN auxiliary head.

The models beside this file set backbone and widths; the leaf sets the number of classes.
The loss averages over labelled pixels: crops are padded with 255.
Images reach the network as RGB (`mmrs.LoadRaster`), hence no `bgr_to_rgb`.
"""

norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='mmrs.SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=False,
        pad_val=0,
        seg_pad_val=255,
        size=(512, 512),
    ),
    backbone=dict(),
    decode_head=dict(
        type='UPerHead',
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=512,
        dropout_ratio=0.1,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True),
    ),
    auxiliary_head=dict(
        type='FCNHead',
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=0.4, avg_non_ignore=True),
    ),
    train_cfg=dict(),
    # Windows of 512 px every 384 px: four cover a tile of 896 px exactly.
    test_cfg=dict(mode='slide', crop_size=(512, 512), stride=(384, 384)),
)
scene = dict(tile=512, overlap=128, bands=[1, 2, 3], batch_size=4)
