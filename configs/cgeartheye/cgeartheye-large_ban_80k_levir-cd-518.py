"""CGEarthEye large, frozen, with BAN on LEVIR-CD. Never trained here."""

_base_ = [
    '../_base_/models/ban_cgeartheye-large.py',
    '../_base_/datasets/levir_cd.py',
    '../_base_/schedules/change_80k.py',
]
