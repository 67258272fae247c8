"""CGEarthEye giant, frozen, with RHINO on DIOR-R. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_rhino_60e_dior-r-784.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.detector}}
