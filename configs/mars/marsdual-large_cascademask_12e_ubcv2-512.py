"""MaRS large, optical and radar encoders summed, with Cascade Mask R-CNN on UBCv2. Never trained here."""

_base_ = [
    '../_base_/models/cascademask.py',
    '../_base_/sizes/mars-large.py',
    '../_base_/datasets/ubcv2.py',
    '../_base_/schedules/mmdet_12e.py',
]
model = dict(
    data_preprocessor=dict(mean=(), std=(), sensor='ubcv2'),
    backbone={{_base_.marsdual}},
    neck=dict(in_channels={{_base_.widths}}),
    roi_head=dict(
        bbox_head=[dict(head, num_classes=1) for head in _base_.heads],
        mask_head=[dict(head, num_classes=1) for head in _base_.mask_heads],
    ),
)
scene = dict(bands=[1, 2, 3, 4])
