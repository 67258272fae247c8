"""Cascade Mask R-CNN on UBCv2, for both encoders of MaRS; the leaf sets the size."""

_base_ = [
    '../models/cascademask.py',
    '../datasets/ubcv2.py',
    '../schedules/mmdet_12e.py',
]
model = dict(
    data_preprocessor=dict(mean=(), std=(), sensor='ubcv2'),
    roi_head=dict(
        bbox_head=[dict(head, num_classes=1) for head in _base_.heads],
        mask_head=[dict(head, num_classes=1) for head in _base_.mask_heads],
    ),
)
scene = dict(bands=[1, 2, 3, 4])
