"""MaRS large, the radar encoder on one band, with Cascade R-CNN on SARDet-100K. Never trained here."""

_base_ = './marssar-base_cascade_12e_sardet-100k-512.py'
model = dict(
    backbone=dict(size='large', init_cfg=dict(checkpoint='mars-large-sar')),
    neck=dict(in_channels=[192, 384, 768, 1536]),
)
