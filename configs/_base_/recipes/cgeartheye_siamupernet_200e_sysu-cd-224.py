"""Siamese UPerNet on SYSU-CD, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/siamupernet_cgeartheye.py',
    '../datasets/sysu_cd.py',
    '../schedules/change_200e.py',
]
