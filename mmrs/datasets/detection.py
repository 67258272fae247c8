"""Detection datasets of the catalogue in mmdetection. Importing this module imports mmdetection."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmdet.datasets import CocoDataset
from mmengine.logging import print_log

from mmrs.datasets.boxes import coco_boxes
from mmrs.datasets.catalogue import get
from mmrs.datasets.download import dataset_folder
from mmrs.datasets.layout import read_coco
from mmrs.datasets.tolerance import SkipBadMixin
from mmrs.errors import DataError
from mmrs.registry import DATASETS


@DATASETS.register_module()
class CatalogueCocoDataset(SkipBadMixin, CocoDataset):
    """A dataset of :mod:`mmrs.datasets.catalogue` with COCO annotations: layout, classes and bands are the record's.

    The host reads a file whose categories have other names as if it held no object at all, and repeated ids as it
    happens. Here both stop the run before it starts, and so does an image that is not there. Boxes outside their
    image or without area are left out, as in the host, but counted in the log.

    Args:
        name: Catalogue name, such as ``sardet-100k``.
        split: Name of the split.
        data_root: Folder of the dataset; None: its folder below ``MMRS_DATA``, else below ``data``.
        classes: Names of the classes in the order of their indices, where they are not those of the record. Further
            categories of the file are then left out.
        skip_bad: Number of missing or broken images that training skips before it stops.
        **kwargs: See ``mmdet.datasets.CocoDataset``.

    Raises:
        DataError: If the name is unknown or of another task, annotations cannot be used, or an image is missing.
    """

    def __init__(
        self,
        name: str,
        split: str,
        data_root: str | None = None,
        classes: Sequence[str] | None = None,
        skip_bad: int = 0,
        **kwargs: Any,
    ) -> None:
        self.record = get(name)
        self.split, self.skip_bad = self.record.split(split), skip_bad
        if self.split.form != 'coco':
            fix = 'Use a dataset class of its own task.'
            raise DataError(name, f'a dataset for {self.record.task}', 'one with COCO annotations', fix)
        self.chosen = tuple(classes) if classes is not None else None
        metainfo: dict[str, Any] = {'classes': self.chosen or self.record.classes}
        if self.record.palette and self.chosen is None:
            metainfo['palette'] = list(self.record.palette)
        super().__init__(
            metainfo=metainfo,
            data_root=str(data_root or dataset_folder(self.record)),
            ann_file=str(self.split.listing),
            data_prefix=dict(img=self.split.files['image']),
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the images with their boxes.

        Raises:
            DataError: Naming the first problem.
        """
        self._check(self.ann_file)
        samples = super().load_data_list()
        absent = [sample['img_path'] for sample in samples if not Path(sample['img_path']).is_file()]
        if len(absent) > self.skip_bad:
            found = f'no such file ({len(absent)} of {len(samples)} images are missing)'
            raise DataError(absent[0], found, 'every image of the annotations', self._fix())
        for sample in samples:
            sample['band_names'] = self.record.band_names
        return samples

    def _check(self, path: str | os.PathLike[str]) -> None:
        content = read_coco(path)
        names = [str(item['name']) for item in content['categories']]
        wanted = list(self.metainfo['classes'])
        unknown = [name for name in names if name not in wanted] if self.chosen is None else []
        absent = [name for name in wanted if name not in names]
        if unknown or absent:
            expected = f'{", ".join(wanted)} (the classes of {self.record.name})'
            fix = 'Rename the categories, or name those of the file with `classes` in the dataset of the config.'
            raise DataError(path, f'categories {", ".join(names)}', expected, fix)
        problems = coco_boxes(content)[1]
        repeated = [text for text in problems if text.startswith('duplicate')]
        if repeated:
            raise DataError(path, ' and '.join(repeated), 'every id once', self._fix())
        if problems:
            text = f'{path}: {len(problems)} boxes are left out, the first: {problems[0]}'
            print_log(text, 'current', logging.WARNING)

    def _fix(self) -> str:
        return f'`mmrs data verify {self.record.name} {self.data_root}` names all.'
