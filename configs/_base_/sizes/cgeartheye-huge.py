"""CGEarthEye huge, frozen: blocks and widths that each kind of model takes. A leaf names its kind."""

frozen = dict(
    size='huge',
    frozen_stages=32,
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-huge-518'),
)
# Blocks 8, 16, 24 and 32 for maps of the whole image, 11, 22 and 32 for detectors.
quarters = dict(frozen, out_indices=(7, 15, 23, 31))
thirds = dict(frozen, type='mmrs.CGEarthEye', img_size=518, out_type='featmap', out_indices=(10, 21, 31))
cgeartheye = dict(
    linear=dict(backbone=frozen, head=dict(in_channels=1280)),
    upernet=dict(
        backbone=quarters,
        neck=dict(in_channels=[1280] * 4, out_channels=1280),
        decode_head=dict(in_channels=[1280] * 4),
        auxiliary_head=dict(in_channels=1280),
    ),
    # Both dates' maps side by side.
    siamupernet=dict(
        backbone=quarters,
        neck=dict(in_channels=[1280] * 4, out_channels=1280),
        decode_head=dict(in_channels=[2560] * 4),
        auxiliary_head=dict(in_channels=2560),
    ),
    ban=dict(backbone=quarters, decode_head=dict(ban_cfg=dict(clip_channels=1280))),
    detector=dict(backbone=thirds, neck=dict(in_channels=[1280] * 3)),
)
