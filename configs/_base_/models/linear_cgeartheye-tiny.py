"""A tiny vision transformer with a linear layer, trained whole: for first steps on a CPU. Images of 64 pixels."""

_base_ = './linear_cgeartheye.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmrs.CGEarthEye',
        out_type='cls_token',
        size=dict(embed_dims=96, num_layers=4, num_heads=3, mlp_ratio=3.0),
        img_size=64,
        patch_size=8,
        layer_scale_init=None,
    ),
    head=dict(in_channels=96),
)
