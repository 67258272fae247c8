"""CGEarthEye giant, frozen: blocks and widths that each kind of model takes. A leaf names its kind."""

frozen = dict(
    size='giant',
    frozen_stages=40,
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-giant-518'),
)
# Blocks 10, 20, 30 and 40 for maps of the whole image, 14, 27 and 40 for detectors.
quarters = dict(frozen, out_indices=(9, 19, 29, 39))
thirds = dict(frozen, type='mmrs.CGEarthEye', img_size=518, out_type='featmap', out_indices=(13, 26, 39))
cgeartheye = dict(
    linear=dict(backbone=frozen, head=dict(in_channels=1536)),
    upernet=dict(
        backbone=quarters,
        neck=dict(in_channels=[1536] * 4, out_channels=1536),
        decode_head=dict(in_channels=[1536] * 4),
        auxiliary_head=dict(in_channels=1536),
    ),
    # Both dates' maps side by side.
    siamupernet=dict(
        backbone=quarters,
        neck=dict(in_channels=[1536] * 4, out_channels=1536),
        decode_head=dict(in_channels=[3072] * 4),
        auxiliary_head=dict(in_channels=3072),
    ),
    ban=dict(backbone=quarters, decode_head=dict(ban_cfg=dict(clip_channels=1536))),
    detector=dict(backbone=thirds, neck=dict(in_channels=[1536] * 3)),
)
