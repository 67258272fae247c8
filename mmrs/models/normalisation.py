"""Normalisation of any number of bands into one batch, for the data preprocessor of any host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import ImgDataPreprocessor
from mmengine.model.utils import stack_batch
from torch import Tensor

from mmrs.errors import ConfigError
from mmrs.geo.sensors import SENSORS


class AnyBands:
    """Mixed into a host's data preprocessor: statistics of any number of bands, or those of a named sensor.

    Args:
        mean: Mean of every band, in the unit of the file.
        std: Standard deviation of every band.
        sensor: Takes both from this row of ``mmrs.geo.sensors.SENSORS`` instead.
        dates: Number of dates that are stacked as channels; the statistics are those of each.
        **kwargs: As in the host.

    Raises:
        ConfigError: If the sensor is unknown or given beside statistics, mean and std differ in length, a deviation is
            zero, or bands other than three are to be swapped.
    """

    def __init__(
        self,
        mean: Sequence[float] = (),
        std: Sequence[float] = (),
        sensor: str | None = None,
        dates: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if sensor is not None:
            if sensor not in SENSORS or mean or std:
                expected = f'one of {", ".join(sorted(SENSORS))}, without mean and std'
                raise ConfigError('data_preprocessor.sensor', repr(sensor), expected, 'Name one, or give statistics.')
            mean, std = SENSORS[sensor].mean, SENSORS[sensor].std
        if not len(mean) == len(std) > 0 or not all(std):
            found = f'{len(mean)} means, {len(std)} deviations: {list(std)}'
            fix = 'Give one mean and one deviation a band.'
            raise ConfigError('data_preprocessor', found, 'as many deviations, none of them zero', fix)
        mean, std = list(mean) * dates, list(std) * dates
        if getattr(self, '_channel_conversion', False) and len(mean) != 3:
            expected = 'bgr_to_rgb and rgb_to_bgr with three bands only'
            raise ConfigError('data_preprocessor', f'{len(mean)} bands', expected, 'Load them in the right order.')
        self._enable_normalize = True
        register_buffer: Any = getattr(self, 'register_buffer')  # noqa: B009 (the host is a torch module)
        for name, values in (('mean', mean), ('std', std)):
            register_buffer(name, torch.tensor(values, dtype=torch.float32).view(-1, 1, 1), False)

    def batch(self, images: Sequence[Tensor], shape: Sequence[int], pad_value: float) -> Tensor:
        """The images of a batch, normalised and padded; see :func:`normalised_batch`.

        Args:
            images: (C, H, W) each.
            shape: Rows and columns of the batch.
            pad_value: Of what is right of and below an image.
        """
        swapped: Any = getattr(self, '_channel_conversion')  # noqa: B009
        mean, std = (getattr(self, name) for name in ('mean', 'std'))
        return normalised_batch(images, mean, std, bool(swapped), shape, pad_value)


class OneBatch(ImgDataPreprocessor):
    """mmengine's preprocessor with the batch written in one piece; comes after a host's that calls it by ``super``."""

    def forward(self, data: dict[str, Any], training: bool = False) -> Any:
        """Normalises, pads and stacks a list of images; a batch that is one tensor goes mmengine's way.

        Args:
            data: ``inputs``, and ``data_samples`` where there are some.
            training: Not used here, as in mmengine.
        """
        if isinstance(data['inputs'], Tensor):
            return super().forward(data, training)
        cast: dict[str, Any] = self.cast_data(data)
        shape = stack_batch(stand_ins(cast['inputs']), self.pad_size_divisor).shape[-2:]
        cast['inputs'] = self.batch(cast['inputs'], shape, self.pad_value)  # of AnyBands
        cast.setdefault('data_samples', None)
        return cast


def stand_ins(images: Sequence[Tensor]) -> list[Tensor]:
    """Tensors of no channel, which a host pads and stacks for nothing to find the shape of a batch.

    Args:
        images: (C, H, W) each.
    """
    return [image.new_empty((0, *image.shape[-2:])) for image in images]


def normalised_batch(
    images: Sequence[Tensor],
    mean: Tensor,
    std: Tensor,
    swapped: bool,
    shape: Sequence[int],
    pad_value: float,
    planewise: bool | None = None,
) -> Tensor:
    """Writes normalised images into one new tensor, with the numbers of ``(image - mean) / std``.

    On a CPU one plane after the other is normalised while it is in the cache; elsewhere the whole batch is at once,
    for few launches.

    Args:
        images: (C, H, W) each, of any real dtype.
        mean: (C, 1, 1), or (1, 1, 1) for all bands.
        std: Likewise.
        swapped: Reverse the bands first (BGR to RGB).
        shape: Rows and columns of the batch, at least those of every image.
        pad_value: Of what is right of and below an image, after the normalisation.
        planewise: Plane by plane; None: on a CPU.

    Returns:
        (N, C, rows, columns) float32.

    Raises:
        ConfigError: If an image has other bands than the statistics.
    """
    bands = images[0].shape[0]
    wrong = next(
        (image.shape[0] for image in images if image.shape[0] != (bands if len(mean) == 1 else len(mean))), None
    )
    if wrong is not None:
        fix = 'Choose bands in the pipeline, or give statistics for all.'
        raise ConfigError('data_preprocessor', f'an image of {wrong} bands', f'{len(mean)}, as in mean and std', fix)
    batch = torch.empty((len(images), bands, *shape), dtype=torch.float32, device=images[0].device)
    planewise = batch.device.type == 'cpu' if planewise is None else planewise
    for index, image in enumerate(images):
        rows, columns = image.shape[-2:]
        part = batch[index, :, :rows, :columns]
        for band in range(bands) if planewise else ():
            plane = part[band].copy_(image[bands - 1 - band if swapped else band])
            plane.sub_(mean[band % len(mean)]).div_(std[band % len(std)])
        if not planewise:
            part.copy_(image.flip(0) if swapped else image)
    if not planewise:
        batch.sub_(mean).div_(std)
    for index, image in enumerate(images):
        rows, columns = image.shape[-2:]
        batch[index, :, rows:] = pad_value
        batch[index, :, :rows, columns:] = pad_value
    return batch
