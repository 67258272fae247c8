"""Rotated FCOS on a plain vision transformer: a pyramid of strides 7 to 112.

The leaf sets backbone, widths of the neck and number of classes.
"""

model = dict(
    type='mmdet.FCOS',
    data_preprocessor=dict(
        type='mmrs.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        pad_size_divisor=14,
        boxtype2tensor=False,
    ),
    backbone=dict(),
    neck=dict(
        type='mmrs.MLChannelMapper',
        scales=[2, 1, 0.5],
        out_channels=256,
        norm_cfg=dict(type='GN', num_groups=32),
        num_outs=5,
    ),
    bbox_head=dict(
        type='RotatedFCOSHead',
        in_channels=256,
        stacked_convs=4,
        feat_channels=256,
        strides=[7, 14, 28, 56, 112],
        center_sampling=True,
        center_sample_radius=1.5,
        norm_on_bbox=True,
        centerness_on_reg=True,
        use_hbbox_loss=False,
        scale_angle=True,
        bbox_coder=dict(type='DistanceAnglePointCoder', angle_version='le90'),
        loss_cls=dict(type='mmdet.FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='RotatedIoULoss', loss_weight=1.0),
        loss_angle=None,
        loss_centerness=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
    ),
    test_cfg=dict(
        nms_pre=2000,
        min_bbox_size=0,
        score_thr=0.05,
        nms=dict(type='nms_rotated', iou_threshold=0.1),
        max_per_img=2000,
    ),
)
scene = dict(tile=784, overlap=196, bands=[1, 2, 3], batch_size=4, score=0.3, merge_iou=0.1)
