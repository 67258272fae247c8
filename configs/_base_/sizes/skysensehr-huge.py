"""High-resolution backbone of SkySense++ for detectors, without annotations. A leaf takes both values by name."""

skysensehr = dict(
    type='mmrs.SkySenseHR',
    arch='huge',
    init_cfg=dict(type='mmrs.Pretrained', checkpoint='skysensepp-hr'),
)
widths = [352, 704, 1408, 2816]
