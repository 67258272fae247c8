"""First steps: a tiny vision transformer on synthetic land cover, minutes on two CPU cores. Trained by `make demo`."""

_base_ = [
    '../_base_/models/upernet_cgeartheye-tiny.py',
    '../_base_/datasets/synthetic_landcover.py',
    '../_base_/schedules/mmseg_600.py',
]
