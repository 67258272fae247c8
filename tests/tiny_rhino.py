"""A RHINO of a few thousand parameters."""

import torch
from mmengine.structures import InstanceData

from mmrs.registry import MODELS

FFN = dict(embed_dims=16, feedforward_channels=16, ffn_drop=0.0)
COSTS = [
    dict(type='mmdet.FocalLossCost', weight=2.0),
    dict(type='mmrs.HausdorffCost', weight=5.0),
    dict(type='mmrs.GaussianKLDCost', weight=5.0),
]


def head(**options):
    return dict(
        type='mmrs.RHINOHead',
        num_classes=3,
        embed_dims=16,
        sync_cls_avg_factor=True,
        loss_cls=dict(type='mmdet.FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='mmdet.L1Loss', loss_weight=5.0),
        loss_iou=dict(type='mmrs.GaussianKLDLoss', loss_weight=5.0),
        **options,
    )


def config(**options):
    """Two levels, two layers each, 12 queries."""
    cross = dict(embed_dims=16, num_heads=2, num_levels=2, dropout=0.0)
    return dict(
        type='mmrs.RHINO',
        num_queries=12,
        with_box_refine=True,
        as_two_stage=True,
        num_feature_levels=2,
        data_preprocessor=dict(
            type='mmrs.DetDataPreprocessor', mean=[100.0] * 3, std=[50.0] * 3, boxtype2tensor=False, pad_size_divisor=1
        ),
        backbone=dict(
            type='mmrs.CGEarthEye',
            size=dict(embed_dims=16, num_layers=2, num_heads=2),
            img_size=64,
            patch_size=8,
            out_type='featmap',
            out_indices=(1,),
        ),
        neck=dict(
            type='mmrs.MLChannelMapper',
            in_channels=[16],
            scales=[1],
            out_channels=16,
            num_outs=2,
            norm_cfg=dict(type='GN', num_groups=4),
        ),
        encoder=dict(num_layers=1, layer_cfg=dict(self_attn_cfg=dict(cross), ffn_cfg=dict(FFN))),
        decoder=dict(
            num_layers=2,
            return_intermediate=True,
            layer_cfg=dict(
                self_attn_cfg=dict(embed_dims=16, num_heads=2, dropout=0.0),
                cross_attn_cfg=dict(cross),
                ffn_cfg=dict(FFN),
            ),
            post_norm_cfg=None,
        ),
        positional_encoding=dict(num_feats=8, normalize=True, offset=0.0, temperature=20),
        bbox_head=head(),
        dn_cfg=dict(
            label_noise_scale=0.5,
            box_noise_scale=1.0,
            group_cfg=dict(dynamic=True, num_dn_queries=8),
            max_num_groups=30,
        ),
        train_cfg=dict(assigner=dict(type='mmdet.HungarianAssigner', match_costs=COSTS)),
        test_cfg=dict(max_per_img=20),
        **options,
    )


def build(**options):
    model = MODELS.build(config(**options))
    model.init_weights()
    return model


def annotations(count=3):
    """Boxes of some size within 64 x 64 px."""
    low, high = torch.tensor([16.0, 16, 16, 6, 0.1]), torch.tensor([48.0, 48, 30, 15, 3.0])
    return InstanceData(bboxes=low + (high - low) * torch.rand(count, 5), labels=torch.arange(count) % 3)
