"""Cascade R-CNN on SARDet-100K, for one encoder of MaRS; the leaf sets the size."""

_base_ = [
    '../models/cascade.py',
    '../datasets/sardet_100k.py',
    '../schedules/mmdet_12e.py',
]
model = dict(roi_head=dict(bbox_head=[dict(head, num_classes=6) for head in _base_.heads]))
