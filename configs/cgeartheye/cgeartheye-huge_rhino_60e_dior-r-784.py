"""CGEarthEye huge, frozen, with RHINO on DIOR-R. The paper reports giant only. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_rhino_60e_dior-r-784.py', '../_base_/sizes/cgeartheye-huge.py']
model = {{_base_.cgeartheye.detector}}
