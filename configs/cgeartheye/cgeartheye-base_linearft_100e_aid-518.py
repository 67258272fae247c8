"""CGEarthEye base, fine-tuned whole, with a linear head on AID. Never trained here."""

_base_ = './cgeartheye-base_linear_100e_aid-518.py'
model = dict(backbone=dict(frozen_stages=-1))
