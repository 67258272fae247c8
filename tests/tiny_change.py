"""Pairs in the layouts of the change-detection datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mmrs.datasets.change import KEYS
from mmrs.datasets.change_layouts import LAYOUTS


def paint_pairs(root: Path, config: Any, side: int = 96) -> None:
    """Two pairs a split, or as many as it has positions for, half of each changed."""
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        dataset = loader.dataset
        folders = [dataset.data_prefix[key] for key in KEYS] if 'data_prefix' in dataset else folders_of(dataset)
        suffix = '.jpg' if dataset.get('layout') == 'cdd' else '.png'
        for index in range(1 + max(dataset.get('indices') or [1])):
            values = np.random.default_rng(index)
            label = np.zeros((side, side), np.uint8)
            label[: side // 2] = 255
            layers = [values.integers(0, 255, (side, side, 3), np.uint8) for _ in range(2)]
            for folder, pixels in zip(folders, [*layers, label], strict=True):
                (root / folder).mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(root / folder / f'{index:02d}{suffix}')


def folders_of(dataset: Any) -> list[str]:
    return [f'{dataset.split}/{name}' for name in LAYOUTS[dataset.layout][0]]
