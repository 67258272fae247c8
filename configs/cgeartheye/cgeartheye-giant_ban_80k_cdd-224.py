"""CGEarthEye giant, frozen, with BAN on CDD. The paper reports 98.04 F1 of change. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_ban_80k_cdd-224.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.ban}}
