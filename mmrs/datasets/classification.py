"""Scene classification datasets. Importing this module imports mmpretrain."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmpretrain.datasets import BaseDataset, MultiLabelDataset

from mmrs.datasets.catalogue import get
from mmrs.datasets.download import dataset_folder
from mmrs.datasets.layout import Found, find_samples
from mmrs.datasets.tolerance import SkipBadMixin
from mmrs.errors import DataError
from mmrs.registry import DATASETS

SUFFIXES = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff')


@DATASETS.register_module()
class CatalogueSceneDataset(SkipBadMixin, BaseDataset):
    """A scene classification dataset of the catalogue by its lists, such as AID's 20 % for training.

    Args:
        name: Catalogue name, such as ``aid``.
        split: Name of the split.
        data_root: Folder of the dataset; None: its folder below ``MMRS_DATA``, else below ``data``.
        skip_bad: Number of missing or broken samples that training skips before it stops.
        **kwargs: See ``mmpretrain.datasets.BaseDataset``; ``indices`` takes some samples only.

    Raises:
        DataError: If the name is unknown or of another task, or the list or a file is missing.
    """

    def __init__(self, name: str, split: str, data_root: str | None = None, skip_bad: int = 0, **kwargs: Any) -> None:
        self.record = get(name)
        if self.record.task != 'classification' or self.record.multi_label:
            fix = 'Use a dataset class of its own task.'
            raise DataError(name, f'a dataset for {self.record.task}', 'one label an image', fix)
        self.split, self.skip_bad = self.record.split(split), skip_bad
        root = str(data_root or dataset_folder(self.record))
        super().__init__(ann_file='', data_root=root, classes=self.record.classes, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the samples and checks files and labels.

        Raises:
            DataError: Naming the first missing file or wrong label.
        """
        found = find_samples(self.data_root, self.split)
        number = len(self.record.classes)
        for sample in found.samples:
            if sample.label is None or sample.label >= number:
                text = f'label {sample.label} where {number - 1} is the highest'
                found.complain('label', sample.files['image'], text)
        _refuse(found, self.skip_bad, self.record.name, self.data_root)
        return [
            dict(img_path=str(item.files['image']), gt_label=item.label, band_names=self.record.band_names)
            for item in found.samples
        ]


@DATASETS.register_module()
class SceneFolderDataset(SkipBadMixin, BaseDataset):
    """Images in one folder a class; the names of the folders are those of the classes.

    Args:
        data_root: The folder that holds the folders.
        classes: Names in the order of the labels; None sorts the folders that are there.
        skip_bad: Number of broken samples that training skips before it stops.
        **kwargs: See ``mmpretrain.datasets.BaseDataset``.

    Raises:
        DataError: If a folder is missing or has no image, or one is there that no class belongs to.
    """

    def __init__(self, data_root: str, classes: Sequence[str] | None = None, skip_bad: int = 0, **kwargs: Any) -> None:
        self.skip_bad, root = skip_bad, Path(data_root)
        if not root.is_dir():
            fix = 'Set data_root to the folder of the classes.'
            raise DataError(root, 'no such folder', 'a folder with one folder a class', fix)
        there = sorted(path.name for path in root.iterdir() if path.is_dir() and not path.name.startswith('.'))
        if classes is not None and set(there) != set(classes):
            odd = sorted(set(there) ^ set(classes))
            found = f'folders {", ".join(there[:5])}{", ..." if len(there) > 5 else ""}'
            expected = f'one folder a class: {", ".join(odd[:5])} differ'
            raise DataError(root, found, expected, 'Correct the class list or data_root.')
        super().__init__(ann_file='', data_root=str(root), classes=list(classes or there), **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the images of every class.

        Raises:
            DataError: If a folder has none.
        """
        samples = []
        for label, name in enumerate(self._metainfo['classes']):
            folder = Path(self.data_root) / name
            images = sorted(path for path in folder.rglob('*') if path.suffix.lower() in SUFFIXES)
            if not images:
                raise DataError(
                    folder, 'no image', f'files {", ".join(SUFFIXES)}', 'Fill the folder or drop the class.'
                )
            samples += [dict(img_path=str(path), gt_label=label) for path in images]
        return samples


@DATASETS.register_module()
class TreeSatAI(SkipBadMixin, MultiLabelDataset):
    """TreeSatAI: genera of trees from an aerial image, Sentinel-1 and Sentinel-2 of one place; several labels an image.

    A sample has ``img_path`` (aerial, 4 bands), ``s1_path`` and ``s2_path``, either one date (``.tif``) or a stack of
    dates (``.npz``). Their grids differ: read one of them with ``mmrs.LoadRaster(keys=...)`` or with
    ``mmrs.LoadTimeSeries(key=...)``.

    Args:
        split: ``train`` or ``test``: the ids in ``<split>.txt``; None: all of ``labels.json``.
        data_root: Folder of the dataset; None: its folder below ``MMRS_DATA``, else below ``data``.
        modalities: Files that a sample needs.
        min_share: Share of the area from which a genus counts.
        skip_bad: Number of broken samples that training skips before it stops.
        **kwargs: See ``mmpretrain.datasets.MultiLabelDataset``.

    Raises:
        DataError: If labels, list or files are missing, or a genus is unknown.
    """

    def __init__(
        self,
        split: str | None = None,
        data_root: str | None = None,
        modalities: Sequence[str] = ('aerial', 's1', 's2'),
        min_share: float = 0.0,
        skip_bad: int = 0,
        **kwargs: Any,
    ) -> None:
        self.record, self.split, self.skip_bad = get('treesatai'), split, skip_bad
        self.modalities, self.min_share = tuple(modalities), min_share
        root = str(data_root or dataset_folder(self.record))
        super().__init__(ann_file='', data_root=root, classes=self.record.classes, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the samples and checks that every file is there.

        Raises:
            DataError: Naming the first problem.
        """
        root = Path(self.data_root)
        found, samples = Found(), []
        for item in self._labels(root / 'labels.json'):
            files = {name: self._file(root / name, item['id']) for name in self.modalities}
            for name, path in files.items():
                if not path.is_file():
                    found.complain('missing', path, f'no such file: {name} of {item["id"]}')
            names = [name for name, share in zip(item['species'], item['share'], strict=True) if share > self.min_share]
            unknown = sorted(set(names) - set(self.record.classes))
            if unknown:
                found.complain('label', root / 'labels.json', f'{item["id"]} has unknown {", ".join(unknown)}')
                continue
            keys = {'aerial': 'img_path'}
            paths = {keys.get(name, f'{name}_path'): str(path) for name, path in files.items()}
            labels = sorted(self.record.classes.index(name) for name in names)
            samples.append(dict(**paths, gt_label=labels, sample_id=item['id']))
        _refuse(found, self.skip_bad, self.record.name, root)
        if not samples:
            raise DataError(root, 'no sample', f'samples of split {self.split}', 'Correct the list of the split.')
        return samples

    def _labels(self, path: Path) -> list[dict[str, Any]]:
        try:
            items = json.loads(path.read_text())
            complete = all({'id', 'species', 'share'} <= item.keys() for item in items)
        except OSError as error:
            fix = 'Give the folder that holds labels.json, aerial, s1 and s2.'
            raise DataError(path, error.strerror or 'an error', 'the labels of TreeSatAI', fix) from error
        except (ValueError, AttributeError) as error:
            raise DataError(
                path, f'no list of labels ({error})', 'id, species and share', 'Restore the file.'
            ) from error
        if not complete:
            raise DataError(path, 'an entry without id, species or share', 'all three', 'Restore the file.')
        if self.split is None:
            return items
        listing = path.with_name(f'{self.split}.txt')
        if not listing.is_file():
            fix = f'`python tools/data/split.py treesatai {path.parent}` writes both lists; split=None takes all.'
            raise DataError(listing, 'no such file', f'the ids of split {self.split}', fix)
        names = set(listing.read_text().split())
        unknown = sorted(names - {item['id'] for item in items})
        if unknown:
            raise DataError(listing, f'{unknown[0]}', 'ids of labels.json', 'Correct the list.')
        return [item for item in items if item['id'] in names]

    @staticmethod
    def _file(folder: Path, name: str) -> Path:
        series = folder / f'{name}.npz'
        return series if series.is_file() else folder / f'{name}.tif'


def _refuse(found: Found, skip_bad: int, name: str, root: Any) -> None:
    if len(found.problems) > skip_bad:
        first = found.problems[0]
        what = f'{len(found.problems)} problems, the first: {first.text}'
        raise DataError(first.path, what, 'every file of the layout', f'`mmrs data verify {name} {root}` names all.')
