"""SkySense++'s Sentinel-2 backbone on Atlantic deforestation: red, green, blue and infrared. Never trained here."""

_base_ = [
    '../_base_/models/upernet_skysenses2-large.py',
    '../_base_/datasets/atlantic.py',
    '../_base_/schedules/mmseg_10k.py',
]
model = dict(
    data_preprocessor=dict(sensor='atlantic-s2'),
    backbone=dict(bands=('B4', 'B3', 'B2', 'B8')),
    decode_head=dict(num_classes=2),
    auxiliary_head=dict(num_classes=2),
)
scene = dict(bands=[1, 2, 3, 4])
