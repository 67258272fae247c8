"""MaRS large, the optical encoder on radar images as in the original, with Cascade R-CNN on SARDet-100K.
Never trained here."""

_base_ = [
    '../_base_/models/cascade.py',
    '../_base_/sizes/mars-large.py',
    '../_base_/datasets/sardet_100k.py',
    '../_base_/schedules/mmdet_12e.py',
]
model = dict(
    backbone={{_base_.mars}},
    neck=dict(in_channels={{_base_.widths}}),
    roi_head=dict(bbox_head=[dict(head, num_classes=6) for head in _base_.heads]),
)
