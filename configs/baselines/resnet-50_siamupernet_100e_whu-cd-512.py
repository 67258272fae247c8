"""Plain baseline on WHU-CD: siamese UPerNet on ResNet-50. Never trained here."""

_base_ = [
    '../_base_/models/siamupernet_resnet-50.py',
    '../_base_/datasets/whu_cd.py',
    '../_base_/schedules/change_100e.py',
]
