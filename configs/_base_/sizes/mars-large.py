"""MaRS large for detectors, trained with the rest: one encoder, or both summed. A leaf takes the values by name."""

mars = dict(type='mmrs.MaRS', size='large', init_cfg=dict(type='mmrs.Pretrained', checkpoint='mars-large-rgb'))
marsdual = dict(
    type='mmrs.DualSwinV2',
    size='large',
    bands=dict(rgb=(0, 1, 2), sar=(3,)),
    fusion='sum',
    weights=dict(rgb='mars-large-rgb', sar='mars-large-sar'),
)
widths = [192, 384, 768, 1536]
