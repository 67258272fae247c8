"""A linear layer on the mean of the last map of SkySense++'s high-resolution backbone, trained whole."""

_base_ = './linear_resnet-50.py'
model = dict(
    backbone=dict(
        _delete_=True,
        type='mmrs.SkySenseHR',
        arch='huge',
        out_indices=(3,),
        init_cfg=dict(type='mmrs.Pretrained', checkpoint='skysensepp-hr'),
    ),
    head=dict(in_channels=2816),
)
