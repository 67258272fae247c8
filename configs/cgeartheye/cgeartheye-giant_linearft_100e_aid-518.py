"""CGEarthEye giant, fine-tuned whole, with a linear head on AID. The paper: 97.69. Never trained here."""

_base_ = './cgeartheye-giant_linear_100e_aid-518.py'
model = dict(backbone=dict(frozen_stages=-1))
