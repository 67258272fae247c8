"""Pretraining: whole models and their losses."""

from mmrs.models.pretrain.contrast import CrossContrast, clip_contrast
from mmrs.models.pretrain.mars import RELEASE, MaRSPretrain
from mmrs.models.pretrain.masked_swin import MaskedSwinV2

__all__ = ['RELEASE', 'CrossContrast', 'MaRSPretrain', 'MaskedSwinV2', 'clip_contrast']
