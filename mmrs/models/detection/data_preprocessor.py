"""Normalisation of any number of bands in mmdetection and mmrotate."""

from __future__ import annotations

from mmdet.models import DetDataPreprocessor as MMDetDataPreprocessor

from mmrs.models.normalisation import AnyBands, OneBatch
from mmrs.registry import MODELS


@MODELS.register_module()
class DetDataPreprocessor(AnyBands, MMDetDataPreprocessor, OneBatch):
    """mmdetection's preprocessor without its limit to one or three bands; see :class:`AnyBands`.

    The batch is written in one piece, with equal numbers.
    """
