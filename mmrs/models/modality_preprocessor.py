"""Batches of images by modality: each brought to one size and normalised with its sensor's statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor
from torch.nn import functional

from mmrs.errors import ConfigError
from mmrs.geo.sensors import SENSORS
from mmrs.registry import MODELS


@MODELS.register_module()
class ModalityPreprocessor(BaseDataPreprocessor):
    """Stacks what :class:`mmrs.datasets.transforms.PackModalities` makes.

    Args:
        sensors: Sensor of each modality, a row of ``mmrs.geo.sensors.SENSORS``.
        sizes: Rows and columns that a modality is resized to, bilinear; one that is not named keeps its size.
        batch_augments: None; mmpretrain hands it over.

    Raises:
        ConfigError: If a sensor is unknown, or augmentations of whole batches are asked for.
    """

    def __init__(
        self,
        sensors: Mapping[str, str],
        sizes: Mapping[str, Sequence[int]] | None = None,
        batch_augments: dict | None = None,
    ) -> None:
        super().__init__()
        unknown = sorted({*sensors.values()} - set(SENSORS)) + sorted(set(sizes or {}) - set(sensors))
        if unknown or batch_augments is not None:
            found = ', '.join(unknown) if unknown else 'train_cfg.augments'
            expected = f'sensors among {", ".join(sorted(SENSORS))}, sizes of these modalities, no augmentation'
            raise ConfigError('data_preprocessor', found, expected, 'Correct the config.')
        self.sensors = dict(sensors)
        self.sizes = {name: tuple(size) for name, size in (sizes or {}).items()}
        for name, sensor in self.sensors.items():
            for kind in ('mean', 'std'):
                values = torch.tensor(getattr(SENSORS[sensor], kind), dtype=torch.float32)
                self.register_buffer(f'{kind}_{name}', values, persistent=False)

    def forward(self, data: Any, training: bool = False) -> dict[str, Any]:
        """Makes a batch.

        Args:
            data: ``inputs``, by modality a list of tensors (bands, rows, columns) or (bands, dates, rows, columns),
                and ``data_samples``.
            training: Unused.

        Returns:
            ``inputs``, float32 (B, bands, rows, columns) or (B, bands, dates, rows, columns) by modality, and
            ``data_samples``.

        Raises:
            ConfigError: If a modality has no sensor, or other bands than its sensor.
        """
        data = self.cast_data(data)
        inputs = {name: self._batch(name, images) for name, images in data['inputs'].items()}
        return dict(inputs=inputs, data_samples=data.get('data_samples'))

    def _batch(self, name: str, images: Sequence[Tensor] | Tensor) -> Tensor:
        if name not in self.sensors:
            fix = 'Name its sensor in the data preprocessor.'
            raise ConfigError(f'inputs.{name}', 'no sensor', f'one of {list(self.sensors)}', fix)
        batch = torch.stack([self._resized(name, image.float()) for image in images])
        bands = SENSORS[self.sensors[name]].bands
        if batch.shape[1] != len(bands):
            expected = f'{len(bands)} of sensor {self.sensors[name]}: {", ".join(bands)}'
            raise ConfigError(f'inputs.{name}', f'{batch.shape[1]} bands', expected, 'Choose them in LoadModalities.')
        shape = (-1, *(1,) * (batch.ndim - 2))
        mean, std = (self.get_buffer(f'{kind}_{name}').view(shape) for kind in ('mean', 'std'))
        return (batch - mean) / std

    def _resized(self, name: str, image: Tensor) -> Tensor:
        size = self.sizes.get(name)
        if size is None or tuple(image.shape[-2:]) == size:
            return image
        flat = image.flatten(0, -3)[None]
        resized = functional.interpolate(flat, size=size, mode='bilinear', align_corners=False, antialias=True)
        return resized[0].unflatten(0, image.shape[:-2])
