"""High-resolution backbone of SkySense++ with Oriented R-CNN on DIOR-R; our recipe. Never trained here."""

_base_ = [
    '../_base_/models/orcnn_fpn.py',
    '../_base_/sizes/skysensehr-huge.py',
    '../_base_/datasets/dior-r.py',
    '../_base_/schedules/mmrotate_12e.py',
]
model = dict(
    backbone={{_base_.skysensehr}},
    neck=dict(in_channels={{_base_.widths}}),
    roi_head=dict(bbox_head=dict(num_classes=20)),
)
