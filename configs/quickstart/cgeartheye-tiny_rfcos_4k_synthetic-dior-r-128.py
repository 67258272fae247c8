"""First steps in oriented detection: rotated FCOS on the tiny vision transformer, data as in DIOR-R."""

_base_ = [
    '../_base_/models/rfcos_cgeartheye-tiny.py',
    '../_base_/datasets/synthetic_dior-r.py',
    '../_base_/schedules/mmrotate_4k.py',
]
model = dict(bbox_head=dict(num_classes=20))
