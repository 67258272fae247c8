"""CGEarthEye giant, frozen, with Oriented R-CNN on DOTA v1.0. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_orcnn_12e_dota-1024.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.detector}}
