"""CGEarthEye giant, frozen, with BAN on LEVIR-CD. The paper reports 92.46 F1 of change. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_ban_80k_levir-cd-518.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.ban}}
