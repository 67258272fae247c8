"""``mmrs data`` as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from mmrs.cli import main

TINY = ['--train', '2', '--val', '1', '--tile', '32', '--scene-size', '64']


def mmrs(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, '-m', 'mmrs', 'data', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_synth_writes_and_repeats_itself(tmp_path: Path) -> None:
    first, second = mmrs('synth', tmp_path / 'a', *TINY), mmrs('synth', tmp_path / 'b', *TINY)
    assert first.returncode == second.returncode == 0, first.stderr
    assert f'{tmp_path / "a"}: 2 training and 1 validation tiles' in first.stdout.replace('\n', ' ')
    files = sorted(path.relative_to(tmp_path / 'a') for path in (tmp_path / 'a').rglob('*') if path.is_file())
    assert len(files) == 3 * 3 + 3 + 1
    for name in files:
        assert (tmp_path / 'a' / name).read_bytes() == (tmp_path / 'b' / name).read_bytes()


def test_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['data', 'synth', str(tmp_path / 'a'), *TINY, '--dry-run']) == 0
    assert 'would hold 2 training' in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_errors_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / 'other').write_text('')
    assert main(['data', 'synth', str(tmp_path / 'other'), *TINY]) == 1
    assert main(['data', 'synth', str(tmp_path / 'a'), '--tile', '7']) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2 and all(line.startswith('mmrs data: error:') for line in lines)
    assert not (tmp_path / 'a').exists()


def test_resample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = dict(driver='GTiff', count=2, height=8, width=8, dtype='uint16', crs='EPSG:32632')
    with rasterio.open(tmp_path / 'in.tif', 'w', transform=Affine(5, 0, 5e5, 0, -5, 5e6), **profile) as target:
        target.write(np.stack([np.full((8, 8), 100), np.full((8, 8), 900)]).astype(np.uint16))
    options = ['--gsd', '10', '--bands', '2', '--scale', '0.1', '--dtype', 'uint8']
    assert main(['data', 'resample', str(tmp_path / 'in.tif'), str(tmp_path / 'out.tif'), *options]) == 0
    with rasterio.open(tmp_path / 'out.tif') as result:
        assert result.shape == (4, 4) and result.dtypes == ('uint8',) and (result.read() == 90).all()
    assert main(['data', 'resample', str(tmp_path / 'absent.tif'), str(tmp_path / 'out2.tif')]) == 1
    assert 'absent.tif: found no such file' in capsys.readouterr().err
