"""Products to files of map cells: pairs by place and time, all or nothing, kept when they are there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
import rasterio
from safe_products import write_optical, write_radar, zipped

from mmrs.cli import main
from mmrs.datasets.pretraining.build import Source, build
from mmrs.datasets.pretraining.options import BuildOptions
from mmrs.datasets.pretraining.times import acquisition_time
from mmrs.datasets.sentinel.convert import convert
from mmrs.datasets.sentinel.grid import CORNER, cells_touched, utm_crs
from mmrs.datasets.sentinel.plan import Grid
from mmrs.errors import ConfigError, DataError

GRID = Grid(size=128)


@pytest.fixture(scope='module')
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('products')
    zipped(write_optical(root))
    write_radar(root)
    write_radar(root, time='2022-08-01T05:30:11')
    return root


@pytest.fixture(scope='module')
def written(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('cells')
    report = convert(archive, out, GRID, processes=0)
    assert (report.optical, report.sar, report.outcomes['without_sar']) == (1, 2, 0)
    assert report.outcomes['written'] >= 1 and sum(report.outcomes.values()) == report.cells
    return out


def test_pairs_share_name_and_grid(written: Path) -> None:
    names = {
        folder: sorted(p.name for p in (written / 'sentinel' / folder).iterdir()) for folder in ('S2', 'S1', 'CLOUD')
    }
    assert names['S2'] == names['S1'] == names['CLOUD'] and names['S2'][0].endswith('_20220612T101031.tif')
    for name in names['S2']:
        files = [written / 'sentinel' / folder / name for folder in ('S2', 'S1', 'CLOUD')]
        with rasterio.open(files[0]) as optical, rasterio.open(files[1]) as sar, rasterio.open(files[2]) as cloud:
            assert optical.transform == sar.transform == cloud.transform and optical.crs == sar.crs == 'EPSG:32632'
            assert optical.transform.c % 1280 == 0 and optical.shape == (128, 128)
            assert optical.descriptions[:2] == ('B2', 'B3') and optical.count == 10 and optical.nodata == 0
            assert sar.descriptions == ('VV', 'VH') and np.isnan(sar.nodata) and cloud.nodata == 255
        assert acquisition_time(files[0]).isoformat() == '2022-06-12T10:10:31+00:00'
        assert acquisition_time(files[1]).isoformat() == '2022-06-14T05:30:11+00:00'  # the nearer of two


def test_patches_are_built_from_them(written: Path, tmp_path: Path) -> None:
    options = BuildOptions(tile=32, val_share=0, duplicate_bits=-1)
    report = build(Source(written, 'S2', 'S1'), tmp_path, options, processes=0)
    rows = pyarrow.parquet.read_table(tmp_path / 'index.parquet').to_pylist()
    assert report.patches['train'] == len(rows) > 0 and report.warped == 0 and not report.without_time
    assert all(len(row['optical_mean']) == 10 and len(row['sar_mean']) == 2 for row in rows)
    shares = [row['cloud_share'] for row in rows if row['optical_missing'] == 0]
    assert min(shares) == 0 and max(shares) == 1  # the western half is cloudy


def test_what_is_there_is_kept(archive: Path, written: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in written.rglob('*.tif')}
    report = convert(archive, written, GRID, processes=0)
    assert report.outcomes['kept'] == len(before) // 3 and not report.outcomes['written']
    assert {path: path.stat().st_mtime_ns for path in written.rglob('*.tif')} == before


def test_cells_without_a_radar_image_in_time_are_counted(archive: Path, tmp_path: Path) -> None:
    report = convert(archive, tmp_path, Grid(size=128, max_days=1), dry_run=True)
    assert report.outcomes['without_sar'] == report.cells > 0 and not list(tmp_path.iterdir())


def test_radar_alone_in_web_mercator_from_the_command(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = next(archive.glob('S1A*0614*'))
    options = ['--crs', 'web-mercator', '--size', '256', '--workers', '0', '--json']
    assert main(['data', 'sentinel', str(source), str(tmp_path), *options]) == 0
    report = json.loads(capsys.readouterr().out)
    files = list((tmp_path / 'sentinel' / 'S1').glob('3857-9.55463m_*_20220614T053011.tif'))
    assert len(files) == report['outcomes']['written'] >= 1 and not (tmp_path / 'sentinel' / 'S2').exists()
    with rasterio.open(files[0]) as scene:
        pixel = 2 * CORNER / 256 / 2**14
        assert scene.transform.a == pytest.approx(pixel)
        column = (scene.transform.c + CORNER) / (256 * pixel)  # a map tile of level 14
        assert column == pytest.approx(round(column), abs=1e-6)
        assert round(column) == int((10.34 + 180) / 360 * 2**14)


def test_unusable_products_are_counted_and_skipped_within_a_limit(archive: Path, tmp_path: Path) -> None:
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in' / 'bad.zip').write_bytes(b'no zip')
    (tmp_path / 'in' / 'good.zip').symlink_to(next(archive.glob('S2A*.zip')))
    with pytest.raises(DataError, match=r'bad\.zip.*1 x product.*at most 0 \(--max-bad\)'):
        convert(tmp_path / 'in', tmp_path / 'out', GRID, processes=0)
    report = convert(tmp_path / 'in', tmp_path / 'out', GRID, processes=0, max_bad=1)
    assert report.outcomes['written'] >= 1 and [problem.kind for problem in report.bad] == ['product']


def test_an_image_that_cannot_be_read_leaves_no_file(tmp_path: Path) -> None:
    folder = write_optical(tmp_path / 'in')
    path = next(folder.rglob('*B12_20m.jp2'))
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=r'B12_20m\.jp2.*1 x unreadable'):
        convert(folder, tmp_path / 'out', GRID, processes=0)
    assert not list((tmp_path / 'out').rglob('*.tif'))


def test_grid() -> None:
    assert (utm_crs(10.3, 47.8), utm_crs(-179.9, -1)) == ('EPSG:32632', 'EPSG:32701')
    cells = cells_touched([9.001, 9.002], [48.0, 48.001], 'EPSG:32632', 10, 100)  # easting 500,075, northing 5,316,301
    assert [cell.name for cell in cells] == ['32632-10m_500_5316']
    assert (cells[0].transform.c, cells[0].transform.f) == (500_000, 5_317_000)
    with pytest.raises(ConfigError, match='--crs'):
        convert('nowhere', 'out', Grid(crs='mars'))
    with pytest.raises(DataError, match='no product'):
        convert('nowhere', 'out', GRID)
