"""Plain baseline on CDD: siamese UPerNet on ResNet-50. Never trained here."""

_base_ = [
    '../_base_/models/siamupernet_resnet-50.py',
    '../_base_/datasets/cdd.py',
    '../_base_/schedules/change_80k.py',
]
model = dict(data_preprocessor=dict(size=(224, 224)), test_cfg=dict(_delete_=True, mode='whole'))
scene = dict(tile=224, overlap=56)
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))  # 0.01 is for a small adapter beside a frozen model
