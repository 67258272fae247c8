"""First stage of SkySense at a size that a CPU runs; its recipe is our own. See docs/pretraining-skysensepp.md."""

model = dict(
    type='mmrs.SkySenseContrast',
    network=dict(
        modalities=('hr',),
        backbone_hr=dict(
            arch=dict(embed_dims=48, depths=(2, 2), num_heads=(4, 8)),
            out_indices=(0, 1),
            window_size=8,
            window_rule='clip',
            attention_dims=(),
            drop_path_rate=0.0,
        ),
        fusion=dict(embed_dims=48, num_layers=1, num_heads=4),
    ),
    head=dict(prototypes=128, hidden_features=128, bottleneck=32),
    context=dict(regions=16, prototypes=8, context_dims=32),
    objects=6,
)
