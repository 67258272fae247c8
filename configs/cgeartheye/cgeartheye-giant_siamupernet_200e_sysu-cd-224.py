"""CGEarthEye giant, frozen, with siamese UPerNet on SYSU-CD. Published: 83.47 F1 of change. Never trained here."""

_base_ = [
    '../_base_/models/siamupernet_cgeartheye-giant.py',
    '../_base_/datasets/sysu_cd.py',
    '../_base_/schedules/change_200e.py',
]
