"""CGEarthEye large, frozen, with a linear head on NWPU-RESISC45. The paper reports giant only. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_linear_100e_resisc45-518.py', '../_base_/sizes/cgeartheye-large.py']
model = {{_base_.cgeartheye.linear}}
