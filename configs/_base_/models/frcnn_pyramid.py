"""Faster R-CNN on the last map of a plain vision transformer, resized by ViTDet's simple pyramid to strides 3.5 to 56.

The leaf sets backbone, width of the neck and number of classes.
"""

_base_ = './frcnn.py'
strides = [3.5, 7, 14, 28, 56]
model = dict(
    data_preprocessor=dict(pad_size_divisor=14),
    neck=dict(_delete_=True, type='mmrs.SimplePyramid', out_channels=256, scales=[4, 2, 1, 0.5], num_outs=5),
    rpn_head=dict(anchor_generator=dict(strides=strides)),
    roi_head=dict(bbox_roi_extractor=dict(featmap_strides=strides[:4])),
)
scene = dict(tile=784, overlap=196)
