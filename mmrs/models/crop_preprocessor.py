"""Normalisation of batches of crops for self-distillation."""

from __future__ import annotations

from typing import Any

from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.models.normalisation import AnyBands
from mmrs.registry import MODELS


@MODELS.register_module()
class CropPreprocessor(AnyBands, BaseDataPreprocessor):
    """Moves what :func:`mmrs.datasets.collate.collate_crops` makes and normalises it; see :class:`AnyBands`."""

    mean: Tensor
    std: Tensor

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Normalises every crop.

        Args:
            data: ``inputs``, (crops, B, C, h, w) of any dtype by name, and ``masks``.
            training: Not used.

        Returns:
            The same with float32 inputs.

        Raises:
            ConfigError: If crops have other bands than the statistics.
        """
        cast: dict[str, Any] = self.cast_data(data)
        return {**cast, 'inputs': {name: self._normalised(crops) for name, crops in cast['inputs'].items()}}

    def _normalised(self, crops: Tensor) -> Tensor:
        if crops.shape[2] != len(self.mean):
            found = f'{crops.shape[2]} bands'
            fix = 'Choose bands in LoadSeasons, or give statistics for all.'
            raise ConfigError('data_preprocessor', found, f'{len(self.mean)}, as in mean and std', fix)
        return crops.float().sub_(self.mean).div_(self.std)
