"""CGEarthEye base, fine-tuned whole, with siamese UPerNet on SYSU-CD. Never trained here."""

_base_ = './cgeartheye-base_siamupernet_200e_sysu-cd-224.py'
model = dict(backbone=dict(frozen_stages=-1))
