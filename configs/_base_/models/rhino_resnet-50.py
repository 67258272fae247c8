"""RHINO on ResNet-50 and its usual neck: the plain baseline."""

_base_ = ['./rhino.py', '../sizes/resnet-50.py']
model = dict(
    data_preprocessor=dict(pad_size_divisor=1),
    backbone={{_base_.resnet_upper}},
    neck=dict(
        _delete_=True,
        type='mmdet.ChannelMapper',
        in_channels=[512, 1024, 2048],
        kernel_size=1,
        out_channels=256,
        act_cfg=None,
        norm_cfg=dict(type='GN', num_groups=32),
        num_outs=4,
    ),
)
