"""SkySense++, frozen, with a linear layer on TreeSatAI's aerial images and Sentinel series. Never trained here."""

_base_ = [
    '../_base_/models/linear_skysensefused-huge.py',
    '../_base_/datasets/treesatai_modalities.py',
    '../_base_/schedules/mmpretrain_100e.py',
]
default_hooks = dict(checkpoint=dict(save_best='multi-label/mAP', rule='greater'))
