"""CGEarthEye small, frozen, with Oriented R-CNN on DIOR-R. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_orcnn_12e_dior-r-784.py', '../_base_/sizes/cgeartheye-small.py']
model = {{_base_.cgeartheye.detector}}
