"""CGEarthEye base, adapted by LoRA, with BAN on LEVIR-CD. Never trained here."""

_base_ = './cgeartheye-base_ban_80k_levir-cd-518.py'
model = dict(
    freeze_backbone=False,
    backbone=dict(_delete_=True, type='mmrs.LoRA', backbone=dict(_base_.model.backbone, frozen_stages=-1)),
)
