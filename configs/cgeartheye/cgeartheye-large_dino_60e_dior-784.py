"""CGEarthEye large, frozen, with DINO on DIOR. The paper reports giant only. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_dino_60e_dior-784.py', '../_base_/sizes/cgeartheye-large.py']
model = {{_base_.cgeartheye.detector}}
