"""ResNet-50 trained whole on AID: the baseline that a foundation model has to beat. Never trained here."""

_base_ = [
    '../_base_/models/linear_resnet-50.py',
    '../_base_/datasets/aid_224.py',
    '../_base_/schedules/mmpretrain_100e.py',
]
model = dict(head=dict(num_classes=30))
