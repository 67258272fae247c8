"""CGEarthEye base, adapted by LoRA, with DINO on DIOR. Never trained here."""

_base_ = './cgeartheye-base_dino_60e_dior-784.py'
model = dict(backbone=dict(_delete_=True, type='mmrs.LoRA', backbone=dict(_base_.model.backbone, frozen_stages=-1)))
