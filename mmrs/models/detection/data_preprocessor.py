"""Normalisation of any number of bands in mmdetection and mmrotate."""

from __future__ import annotations

from mmdet.models import DetDataPreprocessor as MMDetDataPreprocessor

from mmrs.models.normalisation import AnyBands
from mmrs.registry import MODELS


@MODELS.register_module()
class DetDataPreprocessor(AnyBands, MMDetDataPreprocessor):
    """mmdetection's preprocessor without its limit to one or three bands; see :class:`AnyBands`."""
