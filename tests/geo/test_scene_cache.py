"""Scenes that stay open: once a process, the least recently used closed, nothing shared with a parent."""

from __future__ import annotations

import os
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasterio.windows import Window
from torch.utils.data import DataLoader, Dataset

from mmrs.datasets.transforms import LoadWindow
from mmrs.errors import RasterError
from mmrs.geo.scene import Scene
from mmrs.geo.scene_cache import SCENES, SceneCache


@pytest.fixture
def paths(make_raster: Any, tmp_path: Path) -> list[Path]:
    return [make_raster(np.full((1, 8, 8), value, np.uint8), name=f'{value}.tif') for value in range(3)]


def test_a_scene_is_opened_once_and_the_least_recently_used_is_closed(paths: list[Path]) -> None:
    cache = SceneCache(max_open=2)
    first = cache.get(paths[0])
    assert cache.get(str(paths[0])) is first and cache.opened == 1
    cache.get(paths[1])
    cache.get(paths[0])
    cache.get(paths[2])
    assert len(cache) == 2 and cache.opened == 3
    assert cache.get(paths[0]) is first and cache.opened == 3
    cache.get(paths[1])
    assert cache.opened == 4
    assert cache.get(paths[0], [1]) is not first, 'other bands are another scene'
    cache.close()
    assert len(cache) == 0 and not first._opened


def test_what_does_not_open_is_not_kept(tmp_path: Path) -> None:
    cache = SceneCache()
    with pytest.raises(RasterError, match=r'absent\.tif'):
        cache.get(tmp_path / 'absent.tif')
    assert len(cache) == 0 and cache.opened == 0


class Samples(Dataset):  # type: ignore[type-arg]
    """Reads a window of one of a few scenes; every opening of a file goes to a log."""

    def __init__(self, paths: list[Path], log: Path) -> None:
        self.paths, self.log = paths, log

    def __len__(self) -> int:
        return 24

    def __getitem__(self, index: int) -> tuple[int, int, int]:
        scene = SCENES.get(self.paths[index % len(self.paths)])
        return int(scene.read(Window(2, 2, 3, 3)).mean()), os.getpid(), SCENES.opened


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    log, original = tmp_path / 'opened', Scene._open

    def opening(scene: Scene) -> Any:
        with log.open('a') as file:
            file.write(f'{os.getpid()} {scene.path}\n')
        return original(scene)

    monkeypatch.setattr(Scene, '_open', opening)
    return log


def test_every_worker_opens_a_file_once_over_epochs(paths: list[Path], logged: Path) -> None:
    SCENES.close()
    inherited = SCENES.get(paths[0])  # opened before the fork, as by a dataset that looks at its files
    data = Samples(paths, logged)
    loader = DataLoader(data, batch_size=2, num_workers=2, persistent_workers=True, multiprocessing_context='fork')
    workers: set[int] = set()
    for _ in range(3):
        for values, pids, _ in loader:
            workers |= set(pids.tolist())
            assert set(values.tolist()) <= {0, 1, 2}
    opened = logged.read_text().splitlines()
    assert len(workers) == 2 and os.getpid() not in workers
    assert len(opened) == len(set(opened)), 'no process opened a file twice'
    assert {int(line.split()[0]) for line in opened} == {*workers, os.getpid()}
    assert len(opened) == 1 + 2 * len(paths)
    assert SCENES.get(paths[0]) is inherited and inherited.read().max() == 0
    SCENES.close()


def test_a_transform_that_has_read_works_in_a_spawned_process(paths: list[Path]) -> None:
    transform = LoadWindow()
    transform(dict(img_path=str(paths[1])))
    with get_context('spawn').Pool(1) as pool:
        sample = pool.apply(transform, (dict(img_path=str(paths[1]), window=(1, 2, 3, 4)),))
    assert sample['img'].shape == (4, 3, 1) and (sample['img'] == 1).all()
