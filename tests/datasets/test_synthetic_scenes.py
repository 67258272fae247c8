"""Synthetic scenes for classification: every class in every split, named by what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmrs.cli import main
from mmrs.datasets.classification import SceneFolderDataset
from mmrs.datasets.synthetic import Cover, Plan, write_scenes
from mmrs.datasets.synthetic.scene_writer import SCENES, scene_class
from mmrs.errors import DataError


def tile(**shares: float) -> np.ndarray:
    cells = [np.full(round(100 * share), Cover[name], np.uint8) for name, share in shares.items()]
    return np.concatenate(cells).reshape(10, 10)


def test_names() -> None:
    assert scene_class(tile(BUILDING=0.06, GRASS=0.94)) == 'settlement'
    assert scene_class(tile(BUILDING=0.05, CROPS=0.95)) == 'cropland'
    assert scene_class(tile(WATER=0.3, TREES=0.7)) == 'water'
    assert scene_class(tile(WATER=0.2, TREES=0.8)) == 'forest'
    assert scene_class(tile(BARE=0.5, GRASS=0.3, TREES=0.2)) == 'grassland'


def test_every_class_in_both_splits_and_the_same_again(tmp_path: Path) -> None:
    plan = Plan(train=6, val=5, tile=64, scene_size=32)
    first, second = (write_scenes(tmp_path / name, plan) for name in 'ab')
    pictures: dict[str, set[bytes]] = {}
    for split, least in (('train', 6), ('val', 5)):
        data = SceneFolderDataset(str(first / split), pipeline=[dict(type='mmrs.LoadRaster')])
        assert data.metainfo['classes'] == SCENES and len(data) >= least
        assert data[0]['img'].shape == (64, 64, 3)
        pictures[split] = {path.read_bytes() for path in (first / split).rglob('*.png')}
        assert pictures[split] == {path.read_bytes() for path in (second / split).rglob('*.png')}
    assert not pictures['train'] & pictures['val']


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ['data', 'synth', str(tmp_path / 'a'), '--task', 'scenes', '--train', '5', '--val', '5', '--tile', '64']
    assert main(arguments) == 0
    assert '5 training and 5 validation tiles of 64 x 64 px, GSD 1 m' in capsys.readouterr().out
    with pytest.raises(DataError, match='another seed'):
        write_scenes(tmp_path / 'a', Plan(seed=1, train=5, val=5, tile=64))
