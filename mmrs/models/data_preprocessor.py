"""Normalisation of any number of bands in mmsegmentation. Importing this module imports mmsegmentation."""

from __future__ import annotations

from mmseg.models import SegDataPreProcessor as MMSegDataPreProcessor

from mmrs.models.normalisation import AnyBands
from mmrs.registry import MODELS


@MODELS.register_module()
class SegDataPreProcessor(AnyBands, MMSegDataPreProcessor):
    """mmsegmentation's preprocessor without its limit to one or three bands; see :class:`AnyBands`."""
