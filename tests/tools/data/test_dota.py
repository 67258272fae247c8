"""The command that cuts DOTA and merges detections, as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from tiny_sets import save

TOOL = Path(__file__).parents[3] / 'tools' / 'data' / 'dota.py'


def dota(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], capture_output=True, text=True)


def test_from_images_to_a_submission(tmp_path: Path) -> None:
    save(tmp_path / 'train/images/P1.png', np.ones((64, 100, 3), np.uint8))
    (tmp_path / 'train/labelTxt').mkdir()
    (tmp_path / 'train/labelTxt/P1.txt').write_text('60 10 80 10 80 20 60 20 ship 1\n')
    done = dota('split', tmp_path / 'train', tmp_path / 'tiles', '--size', 64, '--overlap', 24)
    assert done.returncode == 0 and '2 tiles of 1 images, 1 objects, 1 tiles without one' in done.stdout, done.stderr
    assert (tmp_path / 'tiles/annfiles/P1__64__36___0.txt').read_text() == '24 10 44 10 44 20 24 20 ship 1\n'
    (tmp_path / 'results').mkdir()
    (tmp_path / 'results/Task1_ship.txt').write_text('P1__64__36___0 0.8 24 10 44 10 44 20 24 20\n')
    done = dota('merge', tmp_path / 'results', tmp_path / 'out.zip')
    assert done.returncode == 0 and '1 of 1 detections' in done.stdout and (tmp_path / 'out.zip').is_file()
    done = dota('merge', tmp_path / 'results', tmp_path / 'out.zip')
    assert done.returncode == 1 and done.stderr.startswith('dota: error:') and '--overwrite' in done.stderr
