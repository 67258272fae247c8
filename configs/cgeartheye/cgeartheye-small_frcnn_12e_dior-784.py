"""CGEarthEye small, frozen, with Faster R-CNN on ViTDet's simple pyramid on DIOR. Never trained here."""

_base_ = ['../_base_/recipes/cgeartheye_frcnn_12e_dior-784.py', '../_base_/sizes/cgeartheye-small.py']
model = {{_base_.cgeartheye.detector}}
