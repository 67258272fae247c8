"""Real samples cut into places."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
from PIL import Image
from tiny_run import REPOSITORY

from mmrs.datasets.seasons import SeasonDataset

TOOL = runpy.run_path(str(REPOSITORY / 'tools/data/places.py'))


def test_tiles_of_all_dates_have_one_name(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for date in 'AB':
        picture = random.integers(0, 255, (256, 300, 3), np.uint8)
        if date == 'B':
            picture[:128, :128] = 7  # no contrast: this tile is left out at both dates
        (tmp_path / 'levir_cd_sample' / date).mkdir(parents=True)
        Image.fromarray(picture).save(tmp_path / 'levir_cd_sample' / date / 'x.png')
    (tmp_path / 'pastis_mini/DATA_S2').mkdir(parents=True)
    np.save(tmp_path / 'pastis_mini/DATA_S2/S2_1.npy', random.integers(0, 3000, (3, 10, 32, 32), np.int16))
    assert TOOL['main']([str(tmp_path), str(tmp_path / 'out')]) == 0
    dataset = SeasonDataset(str(tmp_path / 'out'), TOOL['DATES'])
    found = {dataset[index]['place']: len(dataset[index]['img_paths']) for index in range(len(dataset))}
    assert found == {'levir_x_0_128': 2, 'levir_x_128_0': 2, 'levir_x_128_128': 2, 'pastis_S2_1_0_0': 3}
    tile = np.asarray(Image.open(tmp_path / 'out/q1/levir_x_128_0.png'))
    assert np.array_equal(tile, np.asarray(Image.open(tmp_path / 'levir_cd_sample/A/x.png'))[128:256, :128])
