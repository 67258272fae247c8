"""Lists of splits: stratified, repeatable, and readable by the catalogue."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from tiny_sets import save

from mmrs.datasets.catalogue import get
from mmrs.datasets.layout import find_samples

TOOL = Path(__file__).parents[3] / 'tools' / 'data' / 'split.py'
PIXELS = np.zeros((4, 4, 3), np.uint8)


def split(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], capture_output=True, text=True)


def test_scenes_keep_the_share_of_every_class(tmp_path: Path) -> None:
    for name in get('aid').classes:
        for number in range(5):
            save(tmp_path / name / f'{number}.png', PIXELS)
    assert split('aid', tmp_path, '--dry-run').returncode == 0 and not (tmp_path / 'meta').exists()
    done = split('aid', tmp_path)
    assert done.returncode == 0 and 'train.txt: 30 samples' in done.stdout, done.stderr
    train, test = (find_samples(tmp_path, get('aid').split(name)) for name in ('train', 'test'))
    assert sorted(sample.label for sample in train.samples) == list(range(30)) and len(test.samples) == 120
    assert not {sample.name for sample in train.samples} & {sample.name for sample in test.samples}
    before = (tmp_path / 'meta/train.txt').read_text()
    assert split('aid', tmp_path).returncode == 1
    assert split('aid', tmp_path, '--overwrite').returncode == 0 and (tmp_path / 'meta/train.txt').read_text() == before


def test_names(tmp_path: Path) -> None:
    for number in range(5):
        save(tmp_path / f'Images/a_{number}.jpg', PIXELS)
        save(tmp_path / f'Semantic_mask/a_lab_{number}.png', PIXELS[..., 0])
    done = split('flood3i', tmp_path)
    assert done.returncode == 0, done.stderr
    names = [
        [sample.name for sample in find_samples(tmp_path, get('flood3i').split(part)).samples]
        for part in ('train', 'val')
    ]
    assert len(names[0]) == 4 and sorted(names[0] + names[1]) == [f'a/{number}' for number in range(5)]


def test_refusals(tmp_path: Path) -> None:
    for arguments, told in (
        (('isaid', tmp_path), 'splits of its own'),
        (('aid', tmp_path), 'no image'),
        (('aid', tmp_path, '--share', '2'), 'above 0 and below 1'),
    ):
        done = split(*arguments)
        assert done.returncode == 1 and told in done.stderr and done.stderr.count('\n') == 1
