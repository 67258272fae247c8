"""Models of mmrs: importing this package fills the ``MODELS`` registry of scope ``mmrs``."""

from mmrs.models.backbones import CachedFeatures, CGEarthEye, SkySenseHR, SkySenseS1, SkySenseS2, SwinV2
from mmrs.models.necks import ModalityCompletion, SkySenseFusion, SkySenseUpHead

__all__ = [
    'CGEarthEye',
    'CachedFeatures',
    'ModalityCompletion',
    'SkySenseFusion',
    'SkySenseHR',
    'SkySenseS1',
    'SkySenseS2',
    'SkySenseUpHead',
    'SwinV2',
]
