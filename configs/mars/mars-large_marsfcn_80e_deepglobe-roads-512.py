"""MaRS large, optical encoder, with its road head on DeepGlobe roads; the paper gives 68.44 IoU
without the size. Never trained here."""

_base_ = [
    '../_base_/models/fcn_mars-large.py',
    '../_base_/datasets/deepglobe_roads.py',
    '../_base_/schedules/mmseg_80e.py',
]
