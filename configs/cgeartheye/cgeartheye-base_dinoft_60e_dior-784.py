"""CGEarthEye base, fine-tuned whole, with DINO on DIOR. Never trained here."""

_base_ = './cgeartheye-base_dino_60e_dior-784.py'
model = dict(backbone=dict(frozen_stages=-1))
