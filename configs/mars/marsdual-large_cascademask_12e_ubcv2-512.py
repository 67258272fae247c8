"""MaRS large, optical and radar encoders summed, with Cascade Mask R-CNN on UBCv2. Never trained here."""

_base_ = ['../_base_/recipes/marsdual_cascademask_12e_ubcv2-512.py', '../_base_/sizes/mars-large.py']
model = dict(backbone={{_base_.marsdual}}, neck=dict(in_channels={{_base_.widths}}))
