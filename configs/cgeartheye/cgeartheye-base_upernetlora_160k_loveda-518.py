"""CGEarthEye base, adapted by LoRA, with UPerNet on LoveDA. Never trained here."""

_base_ = './cgeartheye-base_upernet_160k_loveda-518.py'
model = dict(backbone=dict(_delete_=True, type='mmrs.LoRA', backbone=dict(_base_.model.backbone, frozen_stages=-1)))
