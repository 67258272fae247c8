"""SkySense++ at a size that a CPU pre-trains in minutes: optical images alone, eight ids, tiles of 64 pixels."""

model = dict(
    type='mmrs.SkySensePretrain',
    network=dict(
        vocabulary_size=8,
        modalities=('hr',),
        backbone_hr=dict(
            arch=dict(embed_dims=48, depths=(2, 2, 2, 2), num_heads=(2, 4, 8, 16)),
            window_size=4,
            window_rule='pad',
            merge_stage=1,
            attention_dims=(48, 96, 192),
            attention_heads=4,
            drop_path_rate=0.0,
        ),
        fusion=dict(embed_dims=96, num_layers=2, num_heads=4, drop_path_rate=0.0),
        head=dict(channels=64),
    ),
)
scene = dict(tile=64, overlap=16, bands=[1, 2, 3], batch_size=8)
