"""First stage of SkySense in small, from views of synthetic tiles: our own recipe. Never trained here."""

_base_ = [
    '../_base_/models/mgc_skysensepp-tiny.py',
    '../_base_/datasets/synthetic_views.py',
    '../_base_/schedules/skysense_contrast_200.py',
]
