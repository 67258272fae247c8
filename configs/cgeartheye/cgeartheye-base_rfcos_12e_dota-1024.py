"""CGEarthEye base, frozen, with rotated FCOS on DOTA v1.0. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_rfcos_12e_dota-1024.py', '../_base_/sizes/cgeartheye-base.py']
model = {{_base_.cgeartheye.detector}}
