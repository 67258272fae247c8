"""The demo, shortened: every step runs and what it reports is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyogrio
import pytest
import rasterio

REPOSITORY = Path(__file__).parents[2]


def demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, 'tools/demo.py', *map(str, arguments)]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def check_map(folder: Path, scene: Path) -> None:
    with rasterio.open(folder / 'maps' / f'{scene.stem}_classes.tif') as result, rasterio.open(scene) as source:
        assert (result.crs, result.transform, result.shape) == (source.crs, source.transform, source.shape)
        crs = source.crs
    assert pyogrio.read_info(folder / 'maps' / f'{scene.stem}_polygons.gpkg')['crs'] == crs.to_string()
    assert (folder / 'maps' / f'{scene.stem}_quicklook.png').stat().st_size > 10_000


def test_synthetic(tmp_path: Path) -> None:
    run = demo('--quick', '--out', tmp_path)
    assert run.returncode == 0, run.stderr[-2000:]
    for step in ('$ mmrs data synth', '$ mmrs train quickstart/', '$ mmrs test', '$ mmrs predict'):
        assert step in run.stdout
    assert 'mIoU on held-out images' in run.stdout and 'guessing by chance' in run.stdout
    check_map(tmp_path, tmp_path / 'data' / 'scene.tif')


def test_real(tmp_path: Path, data_dir: Path) -> None:
    run = demo('--quick', '--data', data_dir / 'amazon_forest', '--out', tmp_path)
    assert run.returncode == 0, run.stderr[-2000:]
    folder = tmp_path / 'amazon_forest'
    check_map(folder, folder / 'sentinel2_l1c_T60HWB_13band_resampled.tif')


@pytest.mark.parametrize('name', ['nowhere', 'other'])
def test_unknown_sets_are_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    (tmp_path / 'other').mkdir()
    run = demo('--data', tmp_path / name, '--out', tmp_path / 'out')
    assert run.returncode == 1
    assert 'amazon_forest, roads_epfl' in run.stderr and 'img_dir/{train,val}' in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
