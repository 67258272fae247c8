"""CGEarthEye giant, frozen, with a linear head on NWPU-RESISC45. The paper: 95.84. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_linear_100e_resisc45-518.py', '../_base_/sizes/cgeartheye-giant.py']
model = {{_base_.cgeartheye.linear}}
