"""Faster R-CNN with mmdetection's usual settings on a backbone of four stages at strides 4 to 32.

The leaf sets backbone, widths of the neck and number of classes. Images reach the network as RGB (`mmrs.LoadRaster`).
"""

_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'
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
scene = dict(tile=1024, overlap=256, bands=[1, 2, 3], batch_size=4, score=0.3, merge_iou=0.5)
