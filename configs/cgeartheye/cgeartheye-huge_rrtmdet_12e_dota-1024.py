"""CGEarthEye huge, frozen, with rotated RTMDet's head on DOTA v1.0. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_rrtmdet_12e_dota-1024.py', '../_base_/sizes/cgeartheye-huge.py']
model = {{_base_.cgeartheye.detector}}
