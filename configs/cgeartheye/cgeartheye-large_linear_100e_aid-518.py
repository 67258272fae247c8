"""CGEarthEye large, frozen, with a linear head on AID. The paper reports giant only. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_linear_100e_aid-518.py', '../_base_/sizes/cgeartheye-large.py']
model = {{_base_.cgeartheye.linear}}
