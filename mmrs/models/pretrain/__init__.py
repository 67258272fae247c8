"""Pretraining: whole models and their losses."""

from mmrs.models.pretrain.contrast import CrossContrast, clip_contrast
from mmrs.models.pretrain.distillation_losses import TeacherTargets
from mmrs.models.pretrain.mars import RELEASE, MaRSPretrain
from mmrs.models.pretrain.masked_swin import MaskedSwinV2
from mmrs.models.pretrain.self_distillation import CGEarthEyePretrain
from mmrs.models.pretrain.semantic import SkySensePretrain
from mmrs.models.pretrain.skysense_contrast import SkySenseContrast

__all__ = [
    'RELEASE',
    'CGEarthEyePretrain',
    'CrossContrast',
    'MaRSPretrain',
    'MaskedSwinV2',
    'SkySenseContrast',
    'SkySensePretrain',
    'TeacherTargets',
    'clip_contrast',
]
