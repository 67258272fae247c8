"""Images of places at several seasons, without labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset

from mmrs.datasets.lmdb_files import list_values
from mmrs.datasets.tolerance import SkipBadMixin
from mmrs.errors import DataError
from mmrs.registry import DATASETS

SUFFIXES = ('.tif', '.tiff', '.png', '.jpg', '.jpeg', '.bmp', '.npy')


@DATASETS.register_module()
class SeasonDataset(SkipBadMixin, BaseDataset):
    """Groups of aligned images, one folder or LMDB database a season: images of one name are one place.

    A place may have fewer images than there are seasons; CGEarthEye has four in China and one elsewhere. A sample has
    ``img_paths``, in the order of the seasons, and ``place``.

    Args:
        data_root: Folder of the data.
        seasons: Folders below it, or databases ``NAME.lmdb``, whose keys name the places and whose values are encoded
            images or arrays; None: the images of ``data_root`` itself, each a place.
        skip_bad: Number of broken samples that training skips before it stops.
        **kwargs: See ``mmengine.dataset.BaseDataset``.

    Raises:
        DataError: If a folder is missing or has no image.
    """

    def __init__(self, data_root: str, seasons: Sequence[str] | None = None, skip_bad: int = 0, **kwargs: Any) -> None:
        self.seasons, self.skip_bad = tuple(seasons or ('.',)), skip_bad
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the places in the order of their names.

        Raises:
            DataError: If a folder is missing or has no image.
        """
        places: dict[str, list[str]] = {}
        for season in self.seasons:
            for place, name in self._images(Path(self.data_root, season)):
                places.setdefault(place, []).append(name)
        return [dict(img_paths=paths, place=place) for place, paths in sorted(places.items())]

    @staticmethod
    def _images(folder: Path) -> list[tuple[str, str]]:
        """Place and name of every image of a season."""
        if folder.suffix == '.lmdb' and folder.exists():
            images = list(list_values(folder))
        elif folder.is_dir():
            images = [(path.stem, str(path)) for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
        else:
            fix = 'Set data_root, or name the folders that are there in seasons.'
            raise DataError(folder, 'no such folder', 'the images of a season', fix)
        if not images:
            raise DataError(folder, 'no image', f'files {", ".join(SUFFIXES)}', 'Fill the folder or drop it.')
        return images
