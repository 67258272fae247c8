"""CGEarthEye giant, fine-tuned whole, with a linear head on NWPU-RESISC45. The paper: 96.75. Never trained here."""

_base_ = './cgeartheye-giant_linear_100e_resisc45-518.py'
model = dict(backbone=dict(frozen_stages=-1))
