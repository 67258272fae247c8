"""CGEarthEye huge for detectors, frozen: features of blocks 11, 22 and 32. A leaf takes both values by name."""

cgeartheye = dict(
    type='mmrs.CGEarthEye',
    size='huge',
    img_size=518,
    out_type='featmap',
    out_indices=(10, 21, 31),
    frozen_stages=32,
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='cgeartheye-huge-518'),
)
widths = [1280] * 3
