"""First steps in horizontal detection: FCOS on the tiny vision transformer, data as in DIOR."""

_base_ = [
    '../_base_/models/fcos_cgeartheye-tiny.py',
    '../_base_/datasets/synthetic_dior.py',
    '../_base_/schedules/mmdet_4k.py',
]
model = dict(bbox_head=dict(num_classes=20))
