"""CGEarthEye giant, frozen, with DINO on DIOR. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_dino_60e_dior-784.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.detector}}
