"""As before, with what the released code does otherwise: see docs/pretraining-skysensepp.md. Never trained here."""

_base_ = './skysensepp-huge_msl_30k_rs-semantic-512.py'
model = dict(
    truncate=True,
    network=dict(
        backbone_s2=dict(drop_path_branches='ffn'),
        backbone_s1=dict(drop_path_branches='ffn'),
        fusion=dict(drop_path_branches='ffn'),
        completion=dict(exchange='sum'),
        head=dict(round_pooled=True),
    ),
)
optim_wrapper = dict(paramwise_cfg=dict(decay_vit_norms=True))
train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='mmrs.LoadMosaic', resampling='published'),
            dict(type='mmrs.PaintAnnotation', output='colours'),
            dict(type='mmrs.MaskAnnotation'),
            dict(type='mmrs.PackMosaic'),
        ],
    ),
)
