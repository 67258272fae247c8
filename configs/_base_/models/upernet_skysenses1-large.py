"""UPerNet on the Sentinel-1 backbone of SkySense++, VV and VH in dB. Never trained here."""

_base_ = './upernet_skysenses2-large.py'
model = dict(
    data_preprocessor=dict(sensor='sentinel1-grd'),
    backbone=dict(type='mmrs.SkySenseS1', init_cfg=dict(type='mmrs.Pretrained', checkpoint='skysensepp-s1')),
)
scene = dict(bands=[1, 2])
