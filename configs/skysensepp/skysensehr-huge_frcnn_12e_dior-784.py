"""High-resolution backbone of SkySense++ with Faster R-CNN on DIOR; our recipe. Never trained here."""

_base_ = [
    '../_base_/models/frcnn.py',
    '../_base_/sizes/skysensehr-huge.py',
    '../_base_/datasets/dior.py',
    '../_base_/schedules/mmdet_12e.py',
]
model = dict(
    backbone={{_base_.skysensehr}},
    neck=dict(in_channels={{_base_.widths}}),
    roi_head=dict(bbox_head=dict(num_classes=20)),
)
