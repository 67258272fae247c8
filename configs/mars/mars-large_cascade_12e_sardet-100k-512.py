"""MaRS large, the optical encoder on radar images as in the original, with Cascade R-CNN on SARDet-100K.
Never trained here."""

_base_ = ['../_base_/recipes/mars_cascade_12e_sardet-100k-512.py', '../_base_/sizes/mars-large.py']
model = dict(backbone={{_base_.mars}}, neck=dict(in_channels={{_base_.widths}}))
