"""CGEarthEye huge, frozen, with BAN on CDD. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_ban_80k_cdd-224.py', '../_base_/sizes/cgeartheye-huge.py']
model = {{_base_.cgeartheye.ban}}
