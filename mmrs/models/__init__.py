"""Models of mmrs: importing this package fills the ``MODELS`` registry of scope ``mmrs``."""

from mmrs.models.backbones import CGEarthEye, SkySenseS1, SkySenseS2, SwinV2

__all__ = [
    'CGEarthEye',
    'SkySenseS1',
    'SkySenseS2',
    'SwinV2',
]
