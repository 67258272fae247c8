"""Self-distillation of a tiny vision transformer, for first steps on a CPU. Crops of 64 and 32 pixels."""

_base_ = './ssl_cgeartheye.py'
head = dict(prototypes=1024, hidden_features=256, bottleneck=64)
model = dict(
    backbone=dict(
        size=dict(_delete_=True, embed_dims=96, num_layers=4, num_heads=3, mlp_ratio=3.0),
        img_size=64,
        patch_size=8,
        layer_scale_init=None,
        drop_path_rate=0.0,
    ),
    head=head,
    patch_head=head,
)
