"""CGEarthEye base, fine-tuned whole, with UPerNet on LoveDA. Never trained here."""

_base_ = './cgeartheye-base_upernet_160k_loveda-518.py'
model = dict(backbone=dict(frozen_stages=-1))
