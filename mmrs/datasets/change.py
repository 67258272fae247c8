"""Pairs of co-registered images with a label of change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmrs.datasets.catalogue.change import CLASSES, PALETTE
from mmrs.datasets.change_layouts import folders_of
from mmrs.datasets.segmentation import FolderSegDataset
from mmrs.errors import ConfigError, DataError
from mmrs.geo.scene import RASTER_SUFFIXES
from mmrs.registry import DATASETS

KEYS = ('img_path', 'img_path2', 'seg_map_path')


@DATASETS.register_module()
class ChangeDataset(FolderSegDataset):
    """Two folders of images and one of labels, matched by file name.

    Use with ``mmrs.LoadRaster(keys=['img_path', 'img_path2'])``, which stacks both dates as channels, and
    ``mmrs.LoadChangeLabel``. Folders are checked when the dataset is built: a pair that is not complete stops the run
    before it starts.

    Args:
        layout: A published set, see :data:`mmrs.datasets.change_layouts.LAYOUTS`; with ``split``. None takes
            ``data_prefix``.
        split: Folder of the split below ``data_root``: train, val or test. '' for sets whose list files (``ann_file``)
            name the splits.
        data_prefix: ``img_path`` (earlier), ``img_path2`` (later) and ``seg_map_path``, instead of a layout.
        img_suffix: End of the image names; None takes what is in the folder. With a list whose lines carry it: ''.
        seg_map_suffix: End of the label names; likewise.
        data_root: Folder of the set.
        ann_file: List of names, a line each, relative to ``data_root``; '' takes every file.
        **kwargs: See :class:`mmrs.datasets.segmentation.FolderSegDataset`.

    Raises:
        ConfigError: If the layout is unknown, or neither a layout nor all three folders are given.
        DataError: If a folder, an image or a label is missing, or a folder mixes formats.
    """

    METAINFO = dict(classes=CLASSES, palette=[list(colour) for colour in PALETTE])

    def __init__(
        self,
        layout: str | None = None,
        split: str = '',
        data_prefix: Mapping[str, str] | None = None,
        img_suffix: str | None = None,
        seg_map_suffix: str | None = None,
        data_root: str | os.PathLike[str] = '',
        ann_file: str = '',
        **kwargs: Any,
    ) -> None:
        root = Path(data_root)
        prefix = dict(data_prefix) if data_prefix else _prefix(layout, split, root)
        if set(KEYS) - set(prefix):
            fix = 'Give layout and split, or all three folders.'
            raise ConfigError('data_prefix', f'{sorted(prefix)}', f'the keys {", ".join(KEYS)}', fix)
        listed = _first_line(root / ann_file) if ann_file else ''
        if Path(listed).suffix.lower() in RASTER_SUFFIXES:
            img_suffix = seg_map_suffix = ''
        super().__init__(
            data_prefix=prefix,
            img_suffix=_suffix(root / prefix['img_path']) if img_suffix is None else img_suffix,
            seg_map_suffix=_suffix(root / prefix['seg_map_path']) if seg_map_suffix is None else seg_map_suffix,
            data_root=os.fspath(data_root),
            ann_file=ann_file,
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Lists the pairs and checks that every file is there.

        Raises:
            DataError: Naming the first file without a partner.
        """
        samples = super().load_data_list()
        if not self.ann_file:
            known = {sample['img_path2'] for sample in samples}
            later = Path(self.data_prefix['img_path2'])
            alone = sorted(str(path) for path in later.rglob(f'*{self.img_suffix}') if str(path) not in known)
            if len(alone) > self.skip_bad:
                expected = f'an earlier image of the same name in {self.data_prefix["img_path"]}'
                found = f'no such image ({len(alone)} without one)'
                raise DataError(alone[0], found, expected, 'Restore it, or drop the later one.')
        return samples


def _prefix(layout: str | None, split: str, root: Path) -> dict[str, str]:
    """Folders of a split: of the layout's triples the one of which most is there."""
    if layout is None:
        return {}
    names = max(folders_of(layout), key=lambda triple: sum((root / split / name).is_dir() for name in triple))
    return {key: os.path.join(split, name) for key, name in zip(KEYS, names, strict=True)}


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding='utf-8') as file:
            return file.readline().strip()
    except OSError as error:
        fix = 'Correct ann_file, or leave it out to take every file.'
        raise DataError(path, error.strerror or 'an unreadable file', 'a list of names', fix) from error


def _suffix(folder: Path) -> str:
    """The suffix that the rasters of a folder share."""
    found = sorted({path.suffix for path in folder.rglob('*') if path.suffix.lower() in RASTER_SUFFIXES})
    if len(found) > 1:
        raise DataError(folder, f'files {" and ".join(found)}', 'one format', 'Set img_suffix or seg_map_suffix.')
    return found[0] if found else '.png'
