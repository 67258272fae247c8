"""FCOS on a thin ResNet-18 at toy size, trained from scratch in minutes on two CPU cores: strides 4 to 16."""

_base_ = './rfcos_resnet-18.py'
model = dict(
    data_preprocessor=dict(boxtype2tensor=True),
    bbox_head=dict(
        _delete_=True,
        type='mmdet.FCOSHead',
        in_channels=48,
        feat_channels=48,
        stacked_convs=2,
        strides=[4, 8, 16],
        regress_ranges=((-1, 24), (24, 64), (64, 1e8)),
        norm_cfg=dict(type='GN', num_groups=8, requires_grad=True),
        center_sampling=True,
        norm_on_bbox=True,
        centerness_on_reg=True,
        loss_cls=dict(type='mmdet.FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='mmdet.GIoULoss', loss_weight=1.0),
        loss_centerness=dict(type='mmdet.CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
    ),
    test_cfg=dict(score_thr=0.001, nms=dict(_delete_=True, type='nms', iou_threshold=0.3)),
)
scene = dict(merge_iou=0.3, score=0.33)
