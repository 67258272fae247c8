"""ResNet-50 on the aerial images of TreeSatAI, several genera an image; no recipe is published. Never trained here."""

_base_ = [
    '../_base_/models/linear_resnet-50.py',
    '../_base_/datasets/treesatai.py',
    '../_base_/schedules/mmpretrain_100e.py',
]
model = dict(
    data_preprocessor=dict(mean=[127.5] * 4, std=[60.0] * 4),
    backbone=dict(in_channels=4, init_cfg=None),
    head=dict(
        _delete_=True,
        type='MultiLabelLinearClsHead',
        in_channels=2048,
        num_classes=15,
    ),
)
