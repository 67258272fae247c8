"""ResNet-50 with UPerNet on Vaihingen: the baseline that a foundation model has to beat. Never trained here."""

_base_ = [
    '../_base_/models/upernet_resnet-50.py',
    '../_base_/datasets/vaihingen_512.py',
    '../_base_/schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=6), auxiliary_head=dict(num_classes=6))
