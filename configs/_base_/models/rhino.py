"""RHINO, the rotated DINO, as in CGEarthEye's oriented detection; see docs/oriented-detection.md for what differs.

`dn_cfg.max_num_groups=None` gives the denoising groups of the released config, where the cap does not act;
`cross_attention='rotated'` lays sampling points into the box's own frame.
"""

_base_ = './dino.py'
model = dict(
    type='mmrs.RHINO',
    cross_attention='faithful',
    data_preprocessor=dict(boxtype2tensor=False),
    bbox_head=dict(type='mmrs.RHINOHead', loss_iou=dict(_delete_=True, type='mmrs.GaussianKLDLoss', loss_weight=5.0)),
    dn_cfg=dict(max_num_groups=30),
    train_cfg=dict(
        assigner=dict(
            match_costs=[
                dict(type='mmdet.FocalLossCost', weight=2.0),
                dict(type='mmrs.HausdorffCost', weight=5.0),
                dict(type='mmrs.GaussianKLDCost', weight=5.0),
            ],
        ),
    ),
    test_cfg=dict(max_per_img=500),
)
scene = dict(merge_iou=0.3)
