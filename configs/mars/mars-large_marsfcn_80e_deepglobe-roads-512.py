"""MaRS large, optical encoder, with its road head on DeepGlobe roads; the paper gives 68.44 IoU
without the size. Never trained here."""

_base_ = ['./mars-base_marsfcn_80e_deepglobe-roads-512.py', '../_base_/sizes/mars-large.py']
model = {{_base_.marsfcn}}
