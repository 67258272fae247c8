"""Necks, registered under scope ``mmrs``."""

from mmrs.models.necks.date_fusion import DateFusionNeck
from mmrs.models.necks.meta_modality import MetaModalityNeck
from mmrs.models.necks.ml_channel_mapper import MLChannelMapper
from mmrs.models.necks.modality_completion import Completed, ModalityCompletion
from mmrs.models.necks.simple_pyramid import SimplePyramid
from mmrs.models.necks.skysense_fusion import SkySenseFusion
from mmrs.models.necks.up_head import SkySenseUpHead

__all__ = [
    'Completed',
    'DateFusionNeck',
    'MLChannelMapper',
    'MetaModalityNeck',
    'ModalityCompletion',
    'SimplePyramid',
    'SkySenseFusion',
    'SkySenseUpHead',
]
