"""Horizontal and oriented detection. Importing this package imports mmdetection: the registry does so when asked."""

from mmrs.models.detection.data_preprocessor import DetDataPreprocessor

__all__ = ['DetDataPreprocessor']
