"""MaRS large, optical and radar encoders summed, with Oriented R-CNN on M4-SAR. Never trained here."""

_base_ = ['../_base_/recipes/marsdual_orcnn_12e_m4-sar-512.py', '../_base_/sizes/mars-large.py']
model = dict(backbone={{_base_.marsdual}}, neck=dict(in_channels={{_base_.widths}}))
