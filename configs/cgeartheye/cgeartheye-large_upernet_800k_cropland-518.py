"""CGEarthEye large, frozen, with UPerNet on cropland. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_upernet_800k_cropland-518.py', '../_base_/sizes/cgeartheye-large.py']
model = {{_base_.cgeartheye.upernet}}
