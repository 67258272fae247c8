"""Rotated RTMDet's head on a plain vision transformer: strides 7, 14 and 28.

The leaf sets backbone, widths of the neck and number of classes.
"""

_base_ = './rfcos.py'
model = dict(
    type='mmdet.RTMDet',
    neck=dict(num_outs=3),
    bbox_head=dict(
        _delete_=True,
        type='RotatedRTMDetSepBNHead',
        in_channels=256,
        stacked_convs=2,
        feat_channels=256,
        angle_version='le90',
        anchor_generator=dict(type='mmdet.MlvlPointGenerator', offset=0, strides=[7, 14, 28]),
        bbox_coder=dict(type='DistanceAnglePointCoder', angle_version='le90'),
        loss_cls=dict(type='mmdet.QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0),
        loss_bbox=dict(type='RotatedIoULoss', mode='linear', loss_weight=2.0),
        with_objectness=False,
        exp_on_reg=True,
        share_conv=True,
        pred_kernel_size=1,
        use_hbbox_loss=False,
        scale_angle=False,
        loss_angle=None,
        norm_cfg=dict(type='SyncBN'),
        act_cfg=dict(type='SiLU'),
    ),
    train_cfg=dict(
        assigner=dict(type='mmdet.DynamicSoftLabelAssigner', iou_calculator=dict(type='RBboxOverlaps2D'), topk=13),
        allowed_border=-1,
        pos_weight=-1,
        debug=False,
    ),
)
