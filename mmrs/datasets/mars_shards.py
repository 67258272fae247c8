"""Optical and SAR patches in WebDataset shards, as ``mmrs data build --form webdataset`` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmrs.datasets.layout import Problem
from mmrs.datasets.problems import refuse
from mmrs.datasets.shards import Shard, read_shard
from mmrs.datasets.tolerance import SkipBadMixin
from mmrs.errors import ConfigError, DataError, RasterError
from mmrs.geo.sensors import SENSORS
from mmrs.registry import DATASETS


class _NamedMembers(BaseDataset):
    """Errors name shard and sample instead of a place in a file."""

    def prepare_data(self, idx: int) -> Any:
        """Loads a sample.

        Raises:
            RasterError: If it cannot be read.
        """
        try:
            return super().prepare_data(idx)
        except RasterError as error:
            if not error.subject.startswith('/vsisubfile/'):
                raise
            item = self.get_data_info(idx)
            subject = f'{item["shard_path"]}: {item["key"]}'
            found = error.found.replace(error.subject, 'it')
            fix = 'Pack or download the shard again; training skips such samples with skip_bad.'
            raise RasterError(subject, found, error.expected, fix) from error


@DATASETS.register_module()
class MaRSShards(SkipBadMixin, _NamedMembers):
    """Pairs from tar files; samples are those of :class:`mmrs.datasets.mars_pairs.MaRSPairs`.

    The headers of all shards are read once. A sample's members are then read in place, so that any worker of any
    process can take any sample: order, sharing among processes and resuming are the sampler's matter. Use
    ``mmrs.ShardSampler``, which keeps to a few shards at a time.

    Args:
        data_root: Folder of the shards.
        shards: Pattern of their names, such as ``'train-*.tar'``.
        optical: Sensor of the optical patches, a row of ``mmrs.geo.sensors.SENSORS``.
        sar: Sensor of the SAR patches, by the name that a sample's JSON member gives; one name for all samples, or
            None: the name in lower case.
        members: Suffixes of the optical and the SAR member.
        skip_bad: Damaged shards and incomplete samples that are left out before training, and broken samples that
            are skipped during it, before the run stops.
        **kwargs: See ``mmengine.dataset.BaseDataset``.

    Attributes:
        shard_sizes: Samples of each shard, in the order of the data set.

    Raises:
        ConfigError: A sensor is unknown.
        DataError: There is no shard or no sample, or more than ``skip_bad`` are bad.
    """

    def __init__(
        self,
        data_root: str,
        shards: str = '*.tar',
        optical: str = 'mars-rgb',
        sar: Mapping[str, str] | str | None = None,
        members: tuple[str, str] = ('rgb.tif', 'sar.tif'),
        skip_bad: int = 0,
        **kwargs: Any,
    ) -> None:
        self.pattern, self.optical, self.sar, self.members = shards, optical, sar, tuple(members)
        self.skip_bad, self.shard_paths = skip_bad, [str(path) for path in sorted(Path(data_root).glob(shards))]
        self.shard_sizes: list[int] = []
        if not self.shard_paths:
            fix = 'Correct data_root or shards, or make some: mmrs data build --form webdataset.'
            raise DataError(data_root, 'no shard', shards, fix)
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the samples of every shard."""
        samples: list[dict[str, Any]] = []
        problems: list[Problem] = []
        for number, path in enumerate(self.shard_paths):
            shard = read_shard(path, self.members)
            problems += shard.problems
            found = [sample for key in shard.samples if (sample := self._sample(shard, key, number, problems))]
            self.shard_sizes.append(len(found))
            samples += found
        refuse(problems, self.skip_bad)
        for problem in problems:
            print_log(f'left out: {problem.path}: {problem.text}', 'current')
        if not samples:
            expected = f'samples with {" and ".join(self.members)}'
            raise DataError(self.data_root, f'{len(self.shard_paths)} shards without any', expected, 'Name others.')
        return samples

    def _sample(self, shard: Shard, key: str, number: int, problems: list[Problem]) -> dict[str, Any] | None:
        members = shard.samples[key]
        try:
            content = json.loads(members['json'].read(shard.path)) if 'json' in members else {}
            name = str(content.get('sensor', ''))
        except (OSError, ValueError, AttributeError) as error:
            problems.append(Problem('json', f'{shard.path}: {key}', f'no readable JSON ({error})'))
            return None
        places = [(member.offset, member.size) for member in (members[suffix] for suffix in self.members)]
        return dict(key=key, shard=number, places=places, sensor=self._sensor(name, shard.path))

    def _sensor(self, name: str, path: Path) -> str:
        if isinstance(self.sar, str):
            sensor = self.sar
        else:
            sensor = (self.sar or {}).get(name, name.lower())
        unknown = [each for each in (self.optical, sensor) if each not in SENSORS]
        if unknown:
            fix = f'Say which one it is: sar=dict({name or "NAME"}=...), or sar=... for all samples.'
            raise ConfigError('sensors', f'{unknown[0]!r} in {path}', f'some of {", ".join(sorted(SENSORS))}', fix)
        return sensor

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """``img_path`` and ``sar_path`` as GDAL reads them, ``sensors``, ``key`` and ``shard_path`` of a sample."""
        item = super().get_data_info(idx)
        path = self.shard_paths[item.pop('shard')]
        names = [f'/vsisubfile/{offset}_{size},{path}' for offset, size in item.pop('places')]
        item.update(img_path=names[0], sar_path=names[1], shard_path=path)
        item['sensors'] = (self.optical, item.pop('sensor'))
        return item
