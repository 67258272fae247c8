"""CGEarthEye base, frozen, with BAN on LEVIR-CD. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_ban_80k_levir-cd-518.py', '../_base_/sizes/cgeartheye-base.py']
model = {{_base_.cgeartheye.ban}}
