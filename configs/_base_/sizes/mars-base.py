"""MaRS base for detectors, trained with the rest: one encoder, or both summed. A leaf takes the values by name."""

mars = dict(type='mmrs.MaRS', size='base', init_cfg=dict(type='mmrs.Pretrained', checkpoint='mars-base-rgb'))
marsdual = dict(
    type='mmrs.DualSwinV2',
    size='base',
    bands=dict(rgb=(0, 1, 2), sar=(3,)),
    fusion='sum',
    weights=dict(rgb='mars-base-rgb', sar='mars-base-sar'),
)
widths = [128, 256, 512, 1024]
