"""Cascade R-CNN of three stages on a pyramid of strides 4 to 64, as in MaRS' detection (specification, section 5.5).

Its numbers are those of mmdetection: stage weights 1, 0.5, 0.25, class-agnostic regression, IoU 0.5, 0.6, 0.7. The leaf
sets backbone, widths of the neck and, in all of `heads`, the number of classes.
"""

_base_ = 'mmdet::_base_/models/cascade-rcnn_r50_fpn.py'
heads = _base_.model.roi_head.bbox_head
model = dict(
    data_preprocessor=dict(
        _delete_=True,
        type='mmrs.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        pad_size_divisor=32,
    ),
    backbone=dict(_delete_=True),
)
scene = dict(tile=512, overlap=128, bands=[1, 2, 3], batch_size=4, score=0.3, merge_iou=0.5)
