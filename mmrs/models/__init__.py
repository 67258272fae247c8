"""Models of mmrs: importing this package fills the ``MODELS`` registry of scope ``mmrs``."""

from mmrs.models.backbones import (
    CachedFeatures,
    CGEarthEye,
    DualSwinV2,
    LoRA,
    MaRS,
    SkySenseHR,
    SkySenseS1,
    SkySenseS2,
    SwinV2,
)
from mmrs.models.crop_preprocessor import CropPreprocessor
from mmrs.models.modality_preprocessor import ModalityPreprocessor
from mmrs.models.necks import (
    DateFusionNeck,
    MetaModalityNeck,
    MLChannelMapper,
    ModalityCompletion,
    SimplePyramid,
    SkySenseFusion,
    SkySenseUpHead,
)
from mmrs.models.pretrain import CGEarthEyePretrain, MaRSPretrain, SkySenseContrast, SkySensePretrain
from mmrs.models.pretrain.skysensepp import SkySensePP
from mmrs.models.skysense_fused import SkySenseFused

__all__ = [
    'CGEarthEye',
    'CGEarthEyePretrain',
    'CachedFeatures',
    'CropPreprocessor',
    'DateFusionNeck',
    'DualSwinV2',
    'LoRA',
    'MLChannelMapper',
    'MaRS',
    'MaRSPretrain',
    'MetaModalityNeck',
    'ModalityCompletion',
    'ModalityPreprocessor',
    'SimplePyramid',
    'SkySenseContrast',
    'SkySenseFused',
    'SkySenseFusion',
    'SkySenseHR',
    'SkySensePP',
    'SkySensePretrain',
    'SkySenseS1',
    'SkySenseS2',
    'SkySenseUpHead',
    'SwinV2',
]
