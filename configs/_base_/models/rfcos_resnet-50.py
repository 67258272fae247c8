"""Rotated FCOS on ResNet-50 and its usual neck: the plain baseline."""

_base_ = ['./rfcos.py', '../sizes/resnet-50.py']
model = dict(
    data_preprocessor=dict(pad_size_divisor=32),
    backbone={{_base_.resnet}},
    neck=dict(
        _delete_=True,
        type='mmdet.FPN',
        in_channels=[256, 512, 1024, 2048],
        out_channels=256,
        start_level=1,
        add_extra_convs='on_output',
        num_outs=5,
        relu_before_extra_convs=True,
    ),
    bbox_head=dict(strides=[8, 16, 32, 64, 128]),
)
