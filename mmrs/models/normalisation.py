"""Normalisation of any number of bands, for the data preprocessor of any host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

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
