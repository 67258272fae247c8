"""Plain baseline on LEVIR-CD: siamese UPerNet on ResNet-50 in the schedule of the others. Never trained here."""

_base_ = [
    '../_base_/models/siamupernet_resnet-50.py',
    '../_base_/datasets/levir_cd_512.py',
    '../_base_/schedules/change_80k.py',
]
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))  # 0.01 is for a small adapter beside a frozen model
