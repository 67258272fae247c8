"""Rotated RTMDet's head on ResNet-50 and its usual neck: the plain baseline."""

_base_ = ['./rrtmdet.py', '../sizes/resnet-50.py']
model = dict(
    data_preprocessor=dict(pad_size_divisor=32),
    backbone={{_base_.resnet}},
    neck=dict(
        _delete_=True,
        type='mmdet.FPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        start_level=1,
        num_outs=3,
    ),
    bbox_head=dict(anchor_generator=dict(strides=[8, 16, 32])),
)
