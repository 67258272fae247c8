"""ResNet-50 with UPerNet on GVLM: the baseline that a foundation model has to beat. Never trained here."""

_base_ = [
    '../_base_/models/upernet_resnet-50.py',
    '../_base_/datasets/gvlm_512.py',
    '../_base_/schedules/mmseg_160k.py',
]
model = dict(decode_head=dict(num_classes=2), auxiliary_head=dict(num_classes=2))
