"""CGEarthEye base, frozen, with siamese UPerNet on SYSU-CD. Never trained here."""

_base_ = [
    '../_base_/models/siamupernet_cgeartheye-base.py',
    '../_base_/datasets/sysu_cd.py',
    '../_base_/schedules/change_200e.py',
]
