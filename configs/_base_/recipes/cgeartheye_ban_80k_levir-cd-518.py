"""BAN on LEVIR-CD, for a frozen CGEarthEye; the leaf sets the size."""

_base_ = [
    '../models/ban_cgeartheye.py',
    '../datasets/levir_cd.py',
    '../schedules/change_80k.py',
]
