"""Oriented R-CNN on a backbone of four stages at strides 4 to 32. The leaf sets backbone, widths and classes."""

_base_ = './orcnn.py'
model = dict(
    data_preprocessor=dict(pad_size_divisor=32),
    neck=dict(_delete_=True, type='mmdet.FPN', out_channels=256, num_outs=5),
    rpn_head=dict(anchor_generator=dict(strides=[4, 8, 16, 32, 64])),
    roi_head=dict(bbox_roi_extractor=dict(featmap_strides=[4, 8, 16, 32])),
)
