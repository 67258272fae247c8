"""CGEarthEye large for detectors, frozen: features of blocks 8, 16 and 24. A leaf takes both values by name."""

cgeartheye = dict(
    type='mmrs.CGEarthEye',
    size='large',
    img_size=518,
    out_type='featmap',
    out_indices=(7, 15, 23),
    frozen_stages=24,
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-large-518'),
)
widths = [1024] * 3
