"""ResNet-50 with UPerNet on cropland: the plain baseline. Never trained here."""

_base_ = [
    '../_base_/models/upernet_resnet-50.py',
    '../_base_/datasets/cropland.py',
    '../_base_/schedules/mmseg_800k.py',
]
model = dict(
    data_preprocessor=dict(size=(518, 518)), decode_head=dict(num_classes=2), auxiliary_head=dict(num_classes=2)
)
