"""Checking a dataset on disk: each kind of damage is found and named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_sets import cropland, save

from mmrs.datasets.catalogue import get
from mmrs.datasets.verify import verify_dataset
from mmrs.errors import DataError


def problems(root: Path, name: str = 'cropland', **options) -> list[tuple[str, str]]:
    return [
        (problem.kind, Path(problem.path).name)
        for outcome in verify_dataset(get(name), root, **options)
        for problem in outcome.problems
    ]


def test_a_sound_set(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    outcomes = verify_dataset(get('cropland'), cropland(tmp_path), progress=lambda *state: seen.append(state))
    assert [(outcome.name, outcome.samples, outcome.problems) for outcome in outcomes] == [
        ('train', 3, []), ('val', 3, []), ('test', 3, []),
    ]  # fmt: skip
    assert seen == [(number, 9) for number in range(1, 10)]


def test_damage(tmp_path: Path) -> None:
    cropland(tmp_path)
    save(tmp_path / 'train/Label/0.png', np.full((8, 8), 7, np.uint8))  # no such class
    save(tmp_path / 'train/Label/1.png', np.zeros((8, 4), np.uint8))  # another size
    save(tmp_path / 'train/Label/2.png', np.zeros((8, 8, 3), np.uint8))  # colours
    (tmp_path / 'val/Img/0.png').write_bytes((tmp_path / 'train/Img/0.png').read_bytes())  # leaks into validation
    (tmp_path / 'val/Img/1.png').write_bytes(b'')
    save(tmp_path / 'val/Img/2.png', np.zeros((8, 8), np.uint8))  # one band
    (tmp_path / 'test/Label/1.png').unlink()
    assert sorted(problems(tmp_path)) == [
        ('duplicate', '0.png'), ('missing', '1.png'), ('size', '1.png'), ('unreadable', '1.png'),
        ('unreadable', '2.png'), ('unreadable', '2.png'), ('values', '0.png'),
    ]  # fmt: skip
    assert problems(tmp_path, pixels=False) == [('missing', '1.png')]
    assert problems(tmp_path, splits=['test'], pixels=False) == [('missing', '1.png')]


def test_counts_and_partial_copies(tmp_path: Path) -> None:
    for folder in ('A', 'B', 'label'):
        pixels = np.zeros((4, 4), np.uint8) if folder == 'label' else np.full((4, 4, 3), len(folder), np.uint8)
        save(tmp_path / 'train' / folder / '1.png', pixels)
    told = problems(tmp_path, 'whu-cd')
    assert ('count', tmp_path.name) in told and ('missing', 'A') in told
    assert problems(tmp_path, 'whu-cd', partial=True) == []


def test_boxes_and_labels(tmp_path: Path) -> None:
    save(tmp_path / 'optical/1.tif', np.zeros((3, 8, 8), np.uint8))
    save(tmp_path / 'sar/1.tif', np.zeros((3, 8, 4), np.uint8))
    (tmp_path / 'labelTxt').mkdir()
    (tmp_path / 'labelTxt/1.txt').write_text(
        '1 1 5 1 5 4 1 4 boat 0\n90 1 95 1 95 4 90 4 bridge 0\n1 1 1 1 5 4 1 4 bridge 0'
    )
    assert problems(tmp_path, 'm4-sar', splits=['all']) == [('boxes', '1.txt')] * 3 + [('size', '1.tif')]
    save(tmp_path / 'aid/Airport/a.jpg', np.zeros((8, 8, 3), np.uint8))
    for split in ('train', 'test'):
        (tmp_path / 'aid/meta').mkdir(exist_ok=True)
        (tmp_path / f'aid/meta/{split}.txt').write_text('Airport/a.jpg 30\n')
    assert ('label', 'a.jpg') in problems(tmp_path / 'aid', 'aid')


def test_no_folder_and_unknown_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='found no such folder'):
        verify_dataset(get('cropland'), tmp_path / 'nowhere')
    with pytest.raises(DataError, match="found 'dev'"):
        verify_dataset(get('cropland'), tmp_path, ['dev'])


def test_real_samples(data_dir: Path) -> None:
    assert problems(data_dir / 'sen1floods11', 'sen1floods11', splits=['all']) == []
    assert problems(data_dir / 'm4sar', 'm4-sar', splits=['all']) == []
    # The infrared band of its files is the fourth and marked as alpha.
    assert problems(data_dir / 'treesatai', 'treesatai', splits=['all']) == []
