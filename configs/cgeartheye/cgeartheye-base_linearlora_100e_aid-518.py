"""CGEarthEye base, adapted by LoRA, with a linear head on AID. Never trained here."""

_base_ = './cgeartheye-base_linear_100e_aid-518.py'
model = dict(backbone=dict(_delete_=True, type='mmrs.LoRA', backbone=dict(_base_.model.backbone, frozen_stages=-1)))
