"""SkySense++ at a size that a CPU pre-trains in minutes: optical images alone, eight ids, tiles of 32 pixels.

Unlike the published one it joins image and annotation before the first stage, its windows cover a whole mosaic, and
tokens first look at tokens like them: from scratch it learns to compare the query with the example in fewer samples.
"""

model = dict(
    type='mmrs.SkySensePretrain',
    network=dict(
        vocabulary_size=8,
        modalities=('hr',),
        backbone_hr=dict(
            arch=dict(embed_dims=48, depths=(4, 1), num_heads=(4, 8)),
            out_indices=(0, 1),
            window_size=16,
            window_rule='clip',
            merge_stage=0,
            annotation_std=0.5,
            match_at_start=True,
            attention_dims=(),
            drop_path_rate=0.0,
        ),
        fusion=dict(embed_dims=48, num_layers=1, num_heads=4),
        head=dict(channels=32),
    ),
)
scene = dict(tile=32, overlap=8, bands=[1, 2, 3], batch_size=16)
