"""CGEarthEye small for detectors, frozen: features of blocks 4, 8 and 12. A leaf takes both values by name."""

cgeartheye = dict(
    type='mmrs.CGEarthEye',
    size='small',
    img_size=518,
    out_type='featmap',
    out_indices=(3, 7, 11),
    frozen_stages=12,
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-small-518'),
)
widths = [384] * 3
