"""CGEarthEye base, fine-tuned whole, with Oriented R-CNN on DOTA v1.0. Never trained here."""

_base_ = './cgeartheye-base_orcnn_12e_dota-1024.py'
model = dict(backbone=dict(frozen_stages=-1))
