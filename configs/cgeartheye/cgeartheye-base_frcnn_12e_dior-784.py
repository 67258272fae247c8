"""CGEarthEye base, frozen, with Faster R-CNN on ViTDet's simple pyramid on DIOR. Never trained here."""

_base_ = [
    '../_base_/models/frcnn_pyramid.py',
    '../_base_/sizes/cgeartheye-base.py',
    '../_base_/datasets/dior.py',
    '../_base_/schedules/mmdet_12e.py',
]
model = dict(
    backbone={{_base_.cgeartheye}},
    neck=dict(in_channels={{_base_.widths}}),
    roi_head=dict(bbox_head=dict(num_classes=20)),
)
