"""SkySense++, fine-tuned whole, with a linear layer on TreeSatAI's three modalities. Never trained here."""

_base_ = './skysensefused-huge_linear_100e_treesatai-304.py'
model = dict(backbone=dict(frozen=False))
