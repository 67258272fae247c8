"""CGEarthEye base, adapted by LoRA, with Oriented R-CNN on DOTA v1.0. Never trained here."""

_base_ = './cgeartheye-base_orcnn_12e_dota-1024.py'
model = dict(backbone=dict(_delete_=True, type='mmrs.LoRA', backbone=dict(_base_.model.backbone, frozen_stages=-1)))
