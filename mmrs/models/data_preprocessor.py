"""Normalisation of any number of bands in mmsegmentation. Importing this module imports mmsegmentation."""

from __future__ import annotations

from typing import Any

import torch
from mmseg.models import SegDataPreProcessor as MMSegDataPreProcessor
from mmseg.utils import stack_batch

from mmrs.models.normalisation import AnyBands, stand_ins
from mmrs.registry import MODELS


@MODELS.register_module()
class SegDataPreProcessor(AnyBands, MMSegDataPreProcessor):
    """mmsegmentation's preprocessor without its limit to one or three bands; see :class:`AnyBands`.

    The batch is written in one piece, with equal numbers; masks and metadata are the host's.
    """

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Moves, normalises, pads and stacks a batch.

        Args:
            data: ``inputs``, images (C, H, W) of any dtype, and ``data_samples``.
            training: Pad to ``size`` or ``size_divisor``, masks too; else as ``test_cfg`` says.

        Returns:
            ``inputs`` (N, C, H, W) float32, and ``data_samples``.

        Raises:
            ConfigError: If an image has other bands than the statistics.
        """
        cast: dict[str, Any] = self.cast_data(data)
        images, samples = cast['inputs'], cast.get('data_samples')
        shapes = stand_ins(images)
        padding = dict(pad_val=self.pad_val, seg_pad_val=self.seg_pad_val)
        if training:
            sizes = dict(size=self.size, size_divisor=self.size_divisor)
            padded, samples = stack_batch(shapes, samples, **sizes, **padding)
        elif self.test_cfg:
            sizes = {key: self.test_cfg.get(key) for key in ('size', 'size_divisor')}
            padded, added = stack_batch(shapes, **sizes, **padding)
            for sample, metainfo in zip(samples or (), added, strict=False):
                sample.set_metainfo(metainfo)
        else:
            padded = torch.stack(shapes)
        batch = self.batch(images, padded.shape[-2:], self.pad_val)
        if training and self.batch_augments is not None:
            batch, samples = self.batch_augments(batch, samples)
        return dict(inputs=batch, data_samples=samples)
