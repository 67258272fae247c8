"""Several sensors of one place on grids of their own: bands, dates, mirrors, samples for mmpretrain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_sets import save

from mmrs.datasets.transforms import FlipModalities, LoadModalities, PackModalities
from mmrs.errors import ConfigError, RasterError


def place(root: Path) -> dict[str, str]:
    aerial = np.arange(4, dtype=np.uint8)[:, None, None] + np.zeros((4, 8, 8), np.uint8)
    aerial[:, 0, 0] = 100
    series = np.arange(5, dtype=np.uint16)[:, None, None, None] * 10 + np.arange(3, dtype=np.uint16)[:, None, None]
    save(root / 'a.tif', aerial)
    save(root / 'b.npz', series + np.zeros((5, 3, 2, 2), np.uint16))
    save(root / 'c.tif', np.full((2, 2, 2), -3.5, np.float32))
    return dict(img_path=str(root / 'a.tif'), s2_path=str(root / 'b.npz'), s1_path=str(root / 'c.tif'))


FILES = dict(
    hr=dict(key='img_path', bands=[4, 2]),
    s2=dict(key='s2_path', bands=[3, 1], dates=3),
    s1=dict(key='s1_path', dates=2),
)


def test_bands_and_dates(tmp_path: Path) -> None:
    found = LoadModalities(FILES, evenly=True).transform(place(tmp_path))['modalities']
    assert found['hr'][:, 4, 4].tolist() == [3, 1] and found['hr'].dtype == np.uint8
    assert found['s2'][:, :, 0, 0].tolist() == [[2, 0], [22, 20], [42, 40]]  # dates 0, 2, 4; bands 3 and 1
    assert found['s1'].shape == (2, 2, 2, 2)  # one date, as often as asked for
    drawn = LoadModalities(FILES).transform(place(tmp_path))['modalities']['s2'][:, 1, 0, 0]
    assert sorted(set(drawn.tolist())) == drawn.tolist()


def test_all_are_mirrored_alike(tmp_path: Path) -> None:
    results = LoadModalities(dict(a=dict(key='img_path'), b=dict(key='img_path', dates=1))).transform(place(tmp_path))
    moved = FlipModalities(prob=1.0).transform(results)['modalities']
    assert moved['a'][0, 7, 7] == 100 and moved['b'][0, 0, 7, 7] == 100
    again = FlipModalities(prob=1.0, directions=['vertical']).transform(dict(modalities=moved))['modalities']
    assert again['a'][0, 0, 7] == 100 and again['b'][0, 0, 0, 7] == 100
    still = FlipModalities(prob=0.0).transform(dict(modalities=moved))['modalities']
    assert still is moved


def test_a_sample_of_mmpretrain(tmp_path: Path) -> None:
    results = LoadModalities(FILES).transform({**place(tmp_path), 'gt_label': [0, 3], 'sample_id': 'x'})
    packed = PackModalities().transform(FlipModalities(prob=1.0).transform(results))
    assert {name: tuple(image.shape) for name, image in packed['inputs'].items()} == {
        'hr': (2, 8, 8), 's2': (2, 3, 2, 2), 's1': (2, 2, 2, 2),
    }  # fmt: skip
    assert packed['inputs']['s2'].dtype == torch.float32 and packed['inputs']['hr'].dtype == torch.uint8
    assert packed['data_samples'].gt_label.tolist() == [0, 3] and packed['data_samples'].sample_id == 'x'


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='LoadModalities.files.hr'):
        LoadModalities(dict(hr=dict(bands=[1])))
    with pytest.raises(ConfigError, match='LoadModalities.files.s2'):
        LoadModalities(dict(s2=dict(key='s2_path', dates=0)))
    with pytest.raises(ConfigError, match='FlipModalities'):
        FlipModalities(directions=['diagonal'])
    with pytest.raises(RasterError, match='expected one date'):
        LoadModalities(dict(s2=dict(key='s2_path'))).transform(place(tmp_path))
