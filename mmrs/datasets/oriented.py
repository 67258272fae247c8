"""Oriented boxes of the catalogue for mmrotate."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmrs.datasets.boxes import read_boxes, wrong_box
from mmrs.datasets.catalogue import choose
from mmrs.datasets.download import dataset_folder
from mmrs.datasets.layout import Sample, find_samples
from mmrs.datasets.tolerance import SkipBadMixin
from mmrs.errors import DataError
from mmrs.registry import DATASETS

ANYWHERE = (float('inf'), float('inf'))  # sizes are not known before an image is read


@DATASETS.register_module()
class CatalogueOrientedDataset(SkipBadMixin, BaseDataset):
    """An oriented dataset of :mod:`mmrs.datasets.catalogue`, in its published layout and by its own lists.

    Boxes are quadrilaterals (``box_type='qbox'``). Those of which two neighbouring corners coincide are left out and
    counted in the log.

    Args:
        name: Catalogue name, such as ``m4-sar``.
        split: Name of the split.
        data_root: Folder of the dataset; None: its folder below ``MMRS_DATA``, else below ``data``.
        roles: Files that a sample needs. Roles beside ``image`` and ``boxes`` become ``<role>_path``, for
            ``mmrs.LoadRaster(keys=...)``.
        skip_bad: Number of missing or broken samples that training skips before it stops.
        **kwargs: See ``mmengine.dataset.BaseDataset``.

    Raises:
        DataError: If the name is unknown or of another task, a file is missing, or a box has an unknown class.
    """

    def __init__(
        self,
        name: str,
        split: str,
        data_root: str | None = None,
        roles: Sequence[str] = ('image', 'boxes'),
        skip_bad: int = 0,
        **kwargs: Any,
    ) -> None:
        self.record, self.split = choose(name, split, 'oriented detection', roles)
        self.skip_bad = skip_bad
        self.roles = tuple(roles)
        metainfo: dict[str, Any] = {'classes': self.record.classes}
        if self.record.palette:
            metainfo['palette'] = list(self.record.palette)
        super().__init__(metainfo=metainfo, data_root=str(data_root or dataset_folder(self.record)), **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the images with their boxes.

        Raises:
            DataError: Naming the first missing file, unreadable box or unknown class, or that there is no sample.
        """
        wanted = replace(self.split, files={role: self.split.files[role] for role in self.roles})
        found = find_samples(self.data_root, wanted)
        problems = [problem for problem in found.problems if problem.kind != 'unpaired']
        if len(problems) > self.skip_bad or not found.samples:
            first = f'{len(problems)} problems, the first: {problems[0].text}' if problems else 'no sample'
            fix = f'`mmrs data verify {self.record.name} {self.data_root}` names all.'
            subject = problems[0].path if problems else self.data_root
            raise DataError(subject, first, f'samples of {self.record.name} {self.split.name}', fix)
        wrong: list[str] = []
        samples = [self._sample(sample, wrong) for sample in found.samples if _complete(sample)]
        if wrong:
            print_log(f'{len(wrong)} boxes are left out, the first: {wrong[0]}', 'current', logging.WARNING)
        return samples

    def _sample(self, sample: Sample, wrong: list[str]) -> dict[str, Any]:
        instances = []
        for box in read_boxes(sample.files['boxes']) if 'boxes' in sample.files else ():
            if box.name not in self.record.classes:
                expected = f'one of {", ".join(self.record.classes)}'
                fix = 'Rename the class in the file, or in the record of mmrs.datasets.catalogue.'
                raise DataError(sample.files['boxes'], f'the class {box.name!r}', expected, fix)
            reason = wrong_box(box, ANYWHERE)
            if reason:
                wrong.append(f'{sample.files["boxes"]}: {reason}')
                continue
            corners = [value for corner in box.corners for value in corner]
            label = self.record.classes.index(box.name)
            instances.append(dict(bbox=corners, bbox_label=label, ignore_flag=0))
        keys = {'image': 'img_path', 'boxes': 'boxes_path'}
        paths = {keys.get(role, f'{role}_path'): str(path) for role, path in sample.files.items()}
        return dict(
            **paths,
            img_id=sample.name,
            file_name=Path(paths['img_path']).name,
            instances=instances,
            band_names=self.record.band_names,
        )

    def filter_data(self) -> list[dict[str, Any]]:
        """Leaves out images without an object, where ``filter_cfg`` asks for it and in training only."""
        if self.test_mode or not (self.filter_cfg or {}).get('filter_empty_gt'):
            return self.data_list
        return [sample for sample in self.data_list if sample['instances']]

    def get_cat_ids(self, idx: int) -> list[int]:
        """Class indices of the boxes of a sample."""
        return [instance['bbox_label'] for instance in self.get_data_info(idx)['instances']]


def _complete(sample: Sample) -> bool:
    return all(path.is_file() for path in sample.files.values())
