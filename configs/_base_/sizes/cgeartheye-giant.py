"""CGEarthEye giant for detectors, frozen: features of blocks 14, 27 and 40. A leaf takes both values by name."""

cgeartheye = dict(
    type='mmrs.CGEarthEye',
    size='giant',
    img_size=518,
    out_type='featmap',
    out_indices=(13, 26, 39),
    frozen_stages=40,
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-giant-518'),
)
widths = [1536] * 3
