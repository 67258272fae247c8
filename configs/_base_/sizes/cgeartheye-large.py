"""CGEarthEye large, frozen: blocks and widths that each kind of model takes. A leaf names its kind."""

frozen = dict(
    size='large',
    frozen_stages=24,
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-large-518'),
)
# Blocks 6, 12, 18 and 24 for maps of the whole image, 8, 16 and 24 for detectors.
quarters = dict(frozen, out_indices=(5, 11, 17, 23))
thirds = dict(frozen, type='mmrs.CGEarthEye', img_size=518, out_type='featmap', out_indices=(7, 15, 23))
cgeartheye = dict(
    linear=dict(backbone=frozen, head=dict(in_channels=1024)),
    upernet=dict(
        backbone=quarters,
        neck=dict(in_channels=[1024] * 4, out_channels=1024),
        decode_head=dict(in_channels=[1024] * 4),
        auxiliary_head=dict(in_channels=1024),
    ),
    # Both dates' maps side by side.
    siamupernet=dict(
        backbone=quarters,
        neck=dict(in_channels=[1024] * 4, out_channels=1024),
        decode_head=dict(in_channels=[2048] * 4),
        auxiliary_head=dict(in_channels=2048),
    ),
    ban=dict(backbone=quarters, decode_head=dict(ban_cfg=dict(clip_channels=1024))),
    detector=dict(backbone=thirds, neck=dict(in_channels=[1024] * 3)),
)
