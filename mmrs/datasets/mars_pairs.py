"""Patches for pretraining MaRS: optical and SAR pairs, and optical ones alone (MaRS specification, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmrs.datasets.layout import Problem
from mmrs.datasets.problems import refuse
from mmrs.datasets.tolerance import SkipBadMixin
from mmrs.errors import ConfigError, DataError
from mmrs.geo.sensors import SENSORS
from mmrs.registry import DATASETS

SUFFIXES = ('.tif', '.tiff', '.png', '.jpg', '.jpeg', '.bmp')
FOLDERS = dict(Umbra_patches='umbra', Capella_patches='capella')


@DATASETS.register_module()
class MaRSPairs(SkipBadMixin, BaseDataset):
    """Pairs of equal file name in ``<folder>/rgb`` and ``<folder>/sar``, for each sensor.

    Samples have ``img_path``, ``sar_path`` and ``sensors``, the names of both for ``mmrs.NormalizeBySensor``. Folders
    are read anew each time (the original keeps a list of files, and does not notice when they change).

    Args:
        data_root: Folder of the sensors' folders.
        folders: Sensor of each folder, a row of ``mmrs.geo.sensors.SENSORS``.
        optical: Sensor of the optical patches.
        skip_bad: Patches without a partner that are left out before training, and broken pairs that are skipped
            during it, before the run stops.
        **kwargs: See ``mmengine.dataset.BaseDataset``.

    Raises:
        ConfigError: A sensor is unknown.
        DataError: A folder is missing, more than ``skip_bad`` patches have no partner, or there is no pair.
    """

    def __init__(
        self,
        data_root: str,
        folders: Mapping[str, str] | None = None,
        optical: str = 'mars-rgb',
        skip_bad: int = 0,
        **kwargs: Any,
    ) -> None:
        self.folders, self.optical, self.skip_bad = dict(folders or FOLDERS), optical, skip_bad
        _check_sensors(*self.folders.values(), optical)
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Pairs the files of every folder."""
        samples: list[dict[str, Any]] = []
        problems: list[Problem] = []
        for name, sensor in self.folders.items():
            optical, sar = (self._files(Path(self.data_root) / name / kind) for kind in ('rgb', 'sar'))
            for file in sorted(optical.keys() ^ sar.keys()):
                there = optical.get(file) or sar[file]
                problems.append(Problem('unpaired', str(there), 'no partner of the same name'))
            samples += [
                dict(img_path=str(optical[file]), sar_path=str(sar[file]), sensors=(self.optical, sensor))
                for file in sorted(optical.keys() & sar.keys())
            ]
        refuse(problems, self.skip_bad)
        for problem in problems:
            print_log(f'left out: {problem.path}: {problem.text}', 'current')
        if not samples:
            raise DataError(
                self.data_root, 'no pair', 'rgb/x.tif beside sar/x.tif', 'Cut the scenes into patches first.'
            )
        return samples

    @staticmethod
    def _files(folder: Path) -> dict[str, Path]:
        if not folder.is_dir():
            fix = 'Correct data_root, or name the folders that are there.'
            raise DataError(folder, 'no such folder', 'a folder of patches', fix)
        return {path.name: path for path in sorted(folder.glob('*.tif'))}


@DATASETS.register_module()
class OpticalTiles(SkipBadMixin, BaseDataset):
    """Every image below some folders, for the stage of MaRS on optical images alone; ``sensors`` names their sensor.

    Args:
        data_root: Folder of the folders.
        folders: Those to read, with all that is below them.
        optical: Sensor of the images, a row of ``mmrs.geo.sensors.SENSORS``.
        skip_bad: Broken images that are skipped before the run stops.
        **kwargs: See ``mmengine.dataset.BaseDataset``.

    Raises:
        ConfigError: The sensor is unknown.
        DataError: A folder is missing or has no image.
    """

    def __init__(
        self,
        data_root: str,
        folders: Sequence[str] = ('.',),
        optical: str = 'mars-rgb',
        skip_bad: int = 0,
        **kwargs: Any,
    ) -> None:
        self.folders, self.optical, self.skip_bad = tuple(folders), optical, skip_bad
        _check_sensors(optical)
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the images of every folder."""
        samples: list[dict[str, Any]] = []
        for name in self.folders:
            folder = Path(self.data_root) / name
            files = sorted(path for path in folder.rglob('*') if path.suffix.lower() in SUFFIXES)
            if not files:
                found = 'no image' if folder.is_dir() else 'no such folder'
                fix = 'Correct data_root, or name the folders that are there.'
                raise DataError(folder, found, f'files {", ".join(SUFFIXES)}', fix)
            samples += [dict(img_path=str(path), sensors=(self.optical,)) for path in files]
        return samples


def _check_sensors(*names: str) -> None:
    unknown = sorted(set(names) - set(SENSORS))
    if unknown:
        raise ConfigError('sensors', ', '.join(unknown), f'some of {", ".join(sorted(SENSORS))}', 'Name a known one.')
