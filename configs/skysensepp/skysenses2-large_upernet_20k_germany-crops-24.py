"""Sentinel-2 backbone of SkySense++ with fusion over 30 dates and UPerNet on Germany crops. Never trained here."""

_base_ = [
    '../_base_/models/upernet_skysenses2-large_dates.py',
    '../_base_/datasets/germany_crops.py',
    '../_base_/schedules/mmseg_20k.py',
]
model = dict(
    data_preprocessor=dict(sensor='germany-s2'),
    decode_head=dict(num_classes=17),
    auxiliary_head=dict(num_classes=17),
)
