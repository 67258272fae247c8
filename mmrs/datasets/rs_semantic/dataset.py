"""Mosaics of annotated tiles, chosen by their classes (SkySense++ specification, section 4.2)."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmrs.datasets.problems import refuse
from mmrs.datasets.rs_semantic.entries import Entry, Palettes, read_entries
from mmrs.datasets.tolerance import SkipBadMixin
from mmrs.errors import ConfigError, DataError
from mmrs.registry import DATASETS


@DATASETS.register_module()
class SemanticMosaics(SkipBadMixin, BaseDataset):
    """One item for every class of every set: some tiles that hold the class.

    Tiles are drawn anew each time: different ones where there are enough. In test mode they are the same in every run.
    An epoch is short; train by iterations, or with ``repeats``.

    Args:
        ann_files: Published lists, such as ``potsdam_train.json``.
        data_root: Folder that lists and their paths begin from.
        tiles: Tiles of a mosaic.
        vocabulary_size: Highest annotation id of the model: no set may have more classes.
        repeats: Items for every class; published: 2000. In test mode each draws other tiles.
        palettes: Label values of the classes of sets: needed for your own, and for ``s2naip-mm``.
        dates: Samples say the days of their images, for models with a calendar.
        skip_bad: Wrong entries that are left out before training, and broken samples that are skipped during it,
            before the run stops.
        **kwargs: See ``mmengine.dataset.BaseDataset``.

    Raises:
        DataError: A list cannot be read, more entries than ``skip_bad`` are wrong, or none is left.
        ConfigError: A set has more classes than the vocabulary.
    """

    def __init__(
        self,
        ann_files: Sequence[str],
        data_root: str = '',
        tiles: int = 8,
        vocabulary_size: int = 64,
        repeats: int = 1,
        palettes: Palettes | None = None,
        dates: bool = False,
        skip_bad: int = 0,
        **kwargs: Any,
    ) -> None:
        self.ann_files = [ann_files] if isinstance(ann_files, str) else list(ann_files)
        self.tiles, self.vocabulary_size, self.palettes = tiles, vocabulary_size, palettes
        self.repeats, self.dates, self.skip_bad = repeats, dates, skip_bad
        self.entries: dict[tuple[str, int], list[Entry]] = {}
        super().__init__(ann_file='', data_root=data_root, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Reads the lists, and sorts entries by set and class."""
        index, problems = defaultdict(list), []
        for name in self.ann_files:
            entries, wrong = read_entries(Path(self.data_root) / name, self.data_root, self.palettes, self.dates)
            problems += wrong
            for entry in entries:
                for number in entry.classes:
                    index[entry.kind.name, number].append(entry)
        refuse(problems, self.skip_bad)
        for problem in problems:
            print_log(f'left out: {problem.path}: {problem.text}', 'current')
        if not index:
            files = ', '.join(map(os.fspath, self.ann_files))
            raise DataError(files, 'no entry', 'annotated places', 'Name lists that hold some.')
        for (name, _), entries in index.items():
            if entries[0].kind.classes > self.vocabulary_size:
                found = f'{self.vocabulary_size} for {entries[0].kind.classes} classes of {name}'
                fix = 'Build the model with a larger vocabulary, or join classes.'
                raise ConfigError('vocabulary_size', found, 'an id for every class', fix)
        self.entries = dict(index)
        return [dict(set_name=name, class_index=number) for name, number in sorted(index)] * self.repeats

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Draws the tiles of an item: ``entries``; and in test mode gives ``random``, a source of its own."""
        item = super().get_data_info(idx)
        random: Any = np.random
        if self.test_mode:
            random = item['random'] = np.random.RandomState(idx)
        entries = self.entries[item['set_name'], item['class_index']]
        chosen = random.choice(len(entries), self.tiles, replace=len(entries) < self.tiles)
        item['entries'] = [entries[index] for index in chosen]
        return item
