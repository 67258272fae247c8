"""Plain baseline on SYSU-CD: siamese UPerNet on ResNet-50. Never trained here."""

_base_ = [
    '../_base_/models/siamupernet_resnet-50.py',
    '../_base_/datasets/sysu_cd.py',
    '../_base_/schedules/change_200e.py',
]
model = dict(data_preprocessor=dict(size=(224, 224)), test_cfg=dict(_delete_=True, mode='whole'))
scene = dict(tile=224, overlap=56)
