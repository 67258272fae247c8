"""UPerNet on both encoders of MaRS large, fused by a sum at every stage. Never trained here."""

_base_ = './upernet_marsdual-base.py'
model = dict(
    backbone=dict(size='large', weights=dict(rgb='mars-large-rgb', sar='mars-large-sar')),
    decode_head=dict(in_channels=[192, 384, 768, 1536]),
    auxiliary_head=dict(in_channels=768),
)
