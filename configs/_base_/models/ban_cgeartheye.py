"""BAN on a frozen CGEarthEye: it sees both dates at 224 px, a MiT-b2 beside it sees them at full size.

The sizes beside this file set the backbone and its width. MiT-b2 starts from random weights unless a file is named:
`--cfg-options model.decode_head.ban_cfg.side_encoder.init_cfg="dict(type='Pretrained', checkpoint='mit_b2.pth')"`.
"""

_base_ = './upernet.py'
model = dict(
    type='mmrs.BAN',
    encoder_resolution=(224, 224),
    data_preprocessor=dict(type='mmrs.SegDataPreProcessor', dates=2, size=(518, 518)),
    backbone=dict(type='mmrs.CGEarthEye', img_size=224, out_type='featmap'),
    decode_head=dict(
        _delete_=True,
        type='mmrs.BitemporalAdapterHead',
        ban_cfg=dict(
            fusion_index=[0, 1, 2, 3],
            side_encoder=dict(
                type='MixVisionTransformer',
                embed_dims=64,
                num_layers=[3, 4, 6, 3],
                num_heads=[1, 2, 5, 8],
                sr_ratios=[8, 4, 2, 1],
                drop_path_rate=0.1,
            ),
        ),
        ban_dec_cfg=dict(in_channels=[64, 128, 320, 512], channels=128, num_classes=2),
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0, avg_non_ignore=True),
    ),
    auxiliary_head=None,
    # Nine windows cover a pair of 1024 px.
    test_cfg=dict(crop_size=(518, 518), stride=(259, 259)),
)
scene = dict(tile=518, overlap=126)
