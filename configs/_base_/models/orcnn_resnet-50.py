"""Oriented R-CNN on ResNet-50 and its usual neck: the plain baseline."""

_base_ = ['./orcnn.py', '../sizes/resnet-50.py']
model = dict(
    data_preprocessor=dict(pad_size_divisor=32),
    backbone={{_base_.resnet}},
    neck=dict(
        _delete_=True,
        type='mmdet.FPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        num_outs=5,
    ),
    rpn_head=dict(anchor_generator=dict(strides=[4, 8, 16, 32, 64])),
    roi_head=dict(bbox_roi_extractor=dict(featmap_strides=[4, 8, 16, 32])),
)
