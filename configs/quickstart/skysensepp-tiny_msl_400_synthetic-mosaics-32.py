"""First steps in segmentation by example: pairs of synthetic tiles, a tiny SkySense++."""

_base_ = [
    '../_base_/models/msl_skysensepp-tiny.py',
    '../_base_/datasets/synthetic_mosaics.py',
    '../_base_/schedules/skysensepp_pretrain_400.py',
]
