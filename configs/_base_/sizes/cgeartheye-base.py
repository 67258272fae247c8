"""CGEarthEye base for detectors, frozen: features of blocks 4, 8 and 12. A leaf takes both values by name."""

cgeartheye = dict(
    type='mmrs.CGEarthEye',
    size='base',
    img_size=518,
    out_type='featmap',
    out_indices=(3, 7, 11),
    frozen_stages=12,
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-base-518'),
)
widths = [768] * 3
