"""CGEarthEye small, frozen: blocks and widths that each kind of model takes. A leaf names its kind."""

frozen = dict(
    size='small',
    frozen_stages=12,
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-small-518'),
)
# Blocks 3, 6, 9 and 12 for maps of the whole image, 4, 8 and 12 for detectors.
quarters = dict(frozen, out_indices=(2, 5, 8, 11))
thirds = dict(frozen, type='mmrs.CGEarthEye', img_size=518, out_type='featmap', out_indices=(3, 7, 11))
cgeartheye = dict(
    linear=dict(backbone=frozen, head=dict(in_channels=384)),
    upernet=dict(
        backbone=quarters,
        neck=dict(in_channels=[384] * 4, out_channels=384),
        decode_head=dict(in_channels=[384] * 4),
        auxiliary_head=dict(in_channels=384),
    ),
    # Both dates' maps side by side.
    siamupernet=dict(
        backbone=quarters,
        neck=dict(in_channels=[384] * 4, out_channels=384),
        decode_head=dict(in_channels=[768] * 4),
        auxiliary_head=dict(in_channels=768),
    ),
    ban=dict(backbone=quarters, decode_head=dict(ban_cfg=dict(clip_channels=384))),
    detector=dict(backbone=thirds, neck=dict(in_channels=[384] * 3)),
)
