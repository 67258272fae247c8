"""The road head of MaRS on its large optical encoder. Never trained here."""

_base_ = './fcn_mars-base.py'
model = dict(
    backbone=dict(size='large', init_cfg=dict(checkpoint='mars-large-rgb')),
    decode_head=dict(in_channels=[192, 384, 768, 1536]),
)
