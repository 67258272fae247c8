"""UPerNet on the optical encoder of MaRS large, whose published files are truncated. Never trained here."""

_base_ = './upernet_mars-base.py'
model = dict(
    backbone=dict(size='large', init_cfg=dict(checkpoint='mars-large-rgb')),
    decode_head=dict(in_channels=[192, 384, 768, 1536]),
    auxiliary_head=dict(in_channels=768),
)
