"""Segmentation datasets: folders of your own, and the published ones of the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmseg.datasets import BaseSegDataset

from mmrs.datasets.catalogue import choose
from mmrs.datasets.download import dataset_folder
from mmrs.datasets.layout import Sample, find_samples
from mmrs.datasets.synthetic.classes import CLASSES, PALETTE
from mmrs.datasets.tolerance import SkipBadMixin
from mmrs.errors import DataError
from mmrs.registry import DATASETS

WHERE = 'Set data_root (MMRS_DATA, or --cfg-options data_root=PATH) to where the data is, or correct data_prefix.'


@DATASETS.register_module()
class FolderSegDataset(SkipBadMixin, BaseSegDataset):
    """Images and masks in two folders, paired by file name.

    Use with ``mmrs.LoadRaster`` and ``mmrs.LoadMask``, which read any raster format and check the values. Folders
    are checked when the dataset is built: an image without a mask stops the run before it starts.

    Args:
        classes: Names of the classes, in the order of the mask values. None takes them from ``metainfo`` or from
            the class' own METAINFO.
        palette: One (red, green, blue) a class; None draws random colours.
        skip_bad: Number of broken samples that training skips before it stops.
        data_prefix: ``img_path`` and ``seg_map_path``, and any other folder of co-registered rasters with the
            images' file names (``sar_path=...``), for ``mmrs.LoadRaster(keys=...)``.
        img_suffix: End of the image names.
        seg_map_suffix: End of the mask names.
        **kwargs: See ``mmseg.datasets.BaseSegDataset``.

    Raises:
        DataError: If a folder or a mask is missing, or there is no image.
    """

    def __init__(
        self,
        classes: Sequence[str] | None = None,
        palette: Sequence[Sequence[int]] | None = None,
        skip_bad: int = 0,
        data_prefix: dict[str, str] | None = None,
        img_suffix: str = '.tif',
        seg_map_suffix: str = '.tif',
        **kwargs: Any,
    ) -> None:
        self.skip_bad = skip_bad
        metainfo = dict(kwargs.pop('metainfo', None) or {})
        if classes is not None:
            metainfo['classes'] = tuple(classes)
        if palette is not None:
            metainfo['palette'] = [tuple(colour) for colour in palette]
        prefix = data_prefix or dict(img_path='img_dir/train', seg_map_path='ann_dir/train')
        super().__init__(
            metainfo=metainfo, data_prefix=prefix, img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the samples and checks that every file is there.

        Raises:
            DataError: Naming the first missing folder or file.
        """
        for folder in self.data_prefix.values():
            if folder and not Path(folder).is_dir():
                raise DataError(folder, 'no such folder', 'a folder of rasters', WHERE)
        if self.ann_file and not Path(self.ann_file).exists():
            fix = 'Correct ann_file, or leave it out to take every file.'
            raise DataError(self.ann_file, 'no such file', 'a list of names', fix)
        samples = super().load_data_list()
        if not samples:
            folder = self.data_prefix['img_path']
            raise DataError(folder, 'no image', f'files *{self.img_suffix}', 'Correct data_prefix or img_suffix.')
        self._check_repeats(samples)
        extra = [key for key in self.data_prefix if key not in ('img_path', 'seg_map_path')]
        for sample in samples:
            sample['num_classes'] = len(self._metainfo.get('classes') or ())
            relative = Path(sample['img_path']).relative_to(self.data_prefix['img_path'])
            sample.update({key: str(Path(self.data_prefix[key]) / relative) for key in extra})
        self._check_files(samples, ['img_path', 'seg_map_path', *extra])
        return samples

    def _check_repeats(self, samples: list[dict[str, Any]]) -> None:
        paths = [sample['img_path'] for sample in samples]
        twice = next((path for path, count in Counter(paths).items() if count > 1), None)
        if twice is not None:
            found = f'{twice} more than once ({len(paths)} lines, {len(set(paths))} names)'
            raise DataError(self.ann_file, found, 'every name once', 'Drop the repeats: they weigh in every score.')

    def _check_files(self, samples: list[dict[str, Any]], keys: list[str]) -> None:
        for key in keys:
            absent = [sample[key] for sample in samples if key in sample and not Path(sample[key]).is_file()]
            if absent and len(absent) > self.skip_bad:
                found = f'no such file ({len(absent)} of {len(samples)} are missing)'
                raise DataError(absent[0], found, f'one {key} for every sample', 'Restore it or drop its sample.')


@DATASETS.register_module()
class SyntheticLandCover(FolderSegDataset):
    """Tiles written by ``mmrs data synth``; see :func:`mmrs.datasets.synthetic.write_dataset`."""

    METAINFO = dict(classes=CLASSES, palette=[list(colour) for colour in PALETTE])


@DATASETS.register_module()
class CatalogueSegDataset(SkipBadMixin, BaseSegDataset):
    """A segmentation dataset of :mod:`mmrs.datasets.catalogue`, in its published layout and by its own lists.

    Use with ``mmrs.LoadRaster`` (or ``mmrs.LoadTimeSeries``) and ``mmrs.LoadMask``: samples carry the coding of the
    masks (values, colours, threshold) and the names of the bands, so that the pipeline repeats neither.

    Args:
        name: Catalogue name, such as ``deepglobe-landcover``.
        split: Name of the split.
        data_root: Folder of the dataset; None: its folder below ``MMRS_DATA``, else below ``data``.
        roles: Files that a sample needs. Roles beside ``image`` and ``mask`` become ``<role>_path``, for
            ``mmrs.LoadRaster(keys=...)``.
        skip_bad: Number of missing or broken samples that training skips before it stops.
        **kwargs: See ``mmseg.datasets.BaseSegDataset``; layout, classes and palette come from the catalogue.

    Raises:
        DataError: If the name is unknown or of another task, or a file is missing.
    """

    def __init__(
        self,
        name: str,
        split: str,
        data_root: str | None = None,
        roles: Sequence[str] = ('image', 'mask'),
        skip_bad: int = 0,
        **kwargs: Any,
    ) -> None:
        self.record, self.split = choose(name, split, 'segmentation', roles)
        self.skip_bad = skip_bad
        self.roles = tuple(roles)
        metainfo = {'classes': self.record.classes, **(kwargs.pop('metainfo', None) or {})}
        if self.record.palette:
            metainfo.setdefault('palette', [list(colour) for colour in self.record.palette])
        super().__init__(
            metainfo=metainfo,
            data_root=str(data_root or dataset_folder(self.record)),
            data_prefix=dict(img_path='', seg_map_path=''),
            reduce_zero_label=self.record.reduce_zero_label,
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the samples and checks that every file is there.

        Raises:
            DataError: Naming the first missing file, or that there is no sample.
        """
        wanted = replace(self.split, files={role: self.split.files[role] for role in self.roles})
        found = find_samples(self.data_root, wanted)
        problems = [problem for problem in found.problems if problem.kind != 'unpaired']
        if len(problems) > self.skip_bad:
            first, many = problems[0], f'{len(problems)} problems, the first: {problems[0].text}'
            fix = f'`mmrs data verify {self.record.name} {self.data_root}` names all.'
            raise DataError(first.path, many, 'every file of the layout', fix)
        if not found.samples:
            expected = f'samples of {self.record.name} {self.split.name}'
            fix = f'`mmrs data info {self.record.name}` shows the layout.'
            raise DataError(self.data_root, 'no sample', expected, fix)
        return [self._sample(sample) for sample in found.samples]

    def _sample(self, sample: Sample) -> dict[str, Any]:
        keys = {'image': 'img_path', 'mask': 'seg_map_path'}
        paths = {keys.get(role, f'{role}_path'): str(path) for role, path in sample.files.items()}
        return dict(
            **paths,
            **self.record.mask_coding,
            label_map=self.label_map,
            reduce_zero_label=self.reduce_zero_label,
            seg_fields=[],
            num_classes=len(self._metainfo['classes']),
            band_names=self.record.band_names,
        )
