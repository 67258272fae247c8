"""CGEarthEye giant, frozen, with BAN on LEVIR-CD. The paper reports 92.46 F1 of change. Never trained here."""

_base_ = [
    '../_base_/models/ban_cgeartheye-giant.py',
    '../_base_/datasets/levir_cd.py',
    '../_base_/schedules/change_80k.py',
]
