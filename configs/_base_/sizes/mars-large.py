"""MaRS large, trained with the rest: one encoder, or both summed. A leaf takes the values by name.

Detectors take the encoders whole, other models what differs from base.
"""

mars = dict(type='mmrs.MaRS', size='large', init_cfg=dict(type='mmrs.Pretrained', checkpoint='mars-large-rgb'))
marsdual = dict(
    type='mmrs.DualSwinV2',
    size='large',
    bands=dict(rgb=(0, 1, 2), sar=(3,)),
    fusion='sum',
    weights=dict(rgb='mars-large-rgb', sar='mars-large-sar'),
)
widths = [192, 384, 768, 1536]
encoder = dict(size='large', init_cfg=dict(checkpoint='mars-large-rgb'))
upernet = dict(backbone=encoder, decode_head=dict(in_channels=widths), auxiliary_head=dict(in_channels=768))
upernetdual = dict(upernet, backbone=dict(size='large', weights=dict(rgb='mars-large-rgb', sar='mars-large-sar')))
marsfcn = dict(backbone=encoder, decode_head=dict(in_channels=widths))
changedecoder = dict(backbone=encoder, decode_head=dict(in_channels=3072))  # both dates
