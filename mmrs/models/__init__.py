"""Models of mmrs: importing this package fills the ``MODELS`` registry of scope ``mmrs``."""

from mmrs.models.backbones import CGEarthEye

__all__ = ['CGEarthEye']
