"""Builds in this process: pixels and places are kept, bad tiles dropped, a stopped run gone on with."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin
from raw_archive import contents, layers, write, write_archive

from mmrs.datasets.mars_pairs import MaRSPairs
from mmrs.datasets.pretraining import build as module
from mmrs.datasets.pretraining.build import Source, build
from mmrs.datasets.pretraining.options import BuildOptions
from mmrs.errors import DataError

OPTIONS = BuildOptions(tile=32, val_share=0.5, block=300.0, seed=3)


@pytest.fixture(scope='module')
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp('raw'), 4)


@pytest.fixture(scope='module')
def built(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('built') / 'out'
    build(Source(archive), out, OPTIONS, processes=0)
    return out


def index(folder: Path) -> list[dict]:
    return pyarrow.parquet.read_table(folder / 'index.parquet').to_pylist()


def test_patches_are_the_scenes_pixels_in_their_places(archive: Path, built: Path) -> None:
    rows = index(built)
    assert len({row['key'] for row in rows}) == len(rows) and {row['split'] for row in rows} == {'train', 'val'}
    for row in rows[::3]:
        for name, folder in (('optical', 'RGB'), ('sar', 'SAR')):
            path = archive / row['sensor'] / folder / f'{row["scene"]}.tif'
            with rasterio.open(path) as scene, rasterio.open(built / row[f'{name}_path']) as patch:
                there = np.s_[:, row['row'] : row['row'] + 32, row['column'] : row['column'] + 32]
                pixels = scene.read()[there]
                np.testing.assert_array_equal(patch.read(), pixels)
                assert patch.crs == scene.crs and patch.dtypes == scene.dtypes
                assert patch.transform * (0, 0) == scene.transform * (row['column'], row['row'])
                assert row[f'{name}_mean'] == pytest.approx(pixels.mean((1, 2), dtype=float))
                centre = rasterio.warp.transform(scene.crs, 'OGC:CRS84', *zip(patch.transform * (16, 16), strict=True))
                assert shapely.from_wkb(row['geometry']).contains(shapely.Point(centre[0][0], centre[1][0]))


def test_layout_names_and_metadata(built: Path) -> None:
    rows = {row['key']: row for row in index(built)}
    row = rows['Capella_2023-03-01-18-42-11_0_003']
    assert row['sar_path'] == f'{row["split"]}/Capella_patches/sar/2023-03-01-18-42-11_0_003.tif'
    assert (row['row'], row['column'], row['gsd']) == (0, 80, 1.0)  # the last tile of a row is flush with the edge
    assert row['sar_time'].isoformat() == '2023-03-01T18:42:11+00:00'
    files = {path.relative_to(built).as_posix() for path in built.glob('*/*/*/*.tif')}
    assert files == {row[f'{name}_path'] for row in rows.values() for name in ('optical', 'sar')}
    geo = json.loads(pyarrow.parquet.read_schema(built / 'index.parquet').metadata[b'geo'])
    assert geo['columns'][geo['primary_column']]['encoding'] == 'WKB'
    report = json.loads((built / 'report.json').read_text())
    assert sum(report['patches'].values()) == len(rows) and report['scenes'] == 4
    assert sum(report['dropped'].values()) + len(rows) == report['tiles'] == 4 * 12


def test_no_ground_is_in_both_splits(built: Path) -> None:
    ground = {
        split: shapely.union_all([shapely.from_wkb(row['geometry']) for row in index(built) if row['split'] == split])
        for split in ('train', 'val')
    }
    assert ground['train'].intersection(ground['val']).area < 1e-12
    assert json.loads((built / 'report.json').read_text())['dropped']['border'] > 0  # it is a question at all


def test_an_equal_build_reads_nothing_and_changes_nothing(archive: Path, built: Path) -> None:
    before = contents(built)
    report = build(Source(archive), built, OPTIONS, processes=0)
    assert report.run['tasks_done'] == 0 and report.run['bytes_read'] == 0 and report.run['tasks_kept'] == 4
    assert contents(built) == before


def test_samples_feed_pretraining(built: Path) -> None:
    pipeline = [dict(type='mmrs.LoadRaster', keys=['img_path', 'sar_path'])]
    for split in ('train', 'val'):
        rows = [row for row in index(built) if row['split'] == split]
        folders = {f'{row["sensor"]}_patches': row['sensor'].lower() for row in rows}
        pairs = MaRSPairs(str(built / split), folders=folders, pipeline=pipeline)
        listed = {sample['sar_path']: sample['sensors'][1] for sample in map(pairs.get_data_info, range(len(pairs)))}
        assert listed == {str(built / row['sar_path']): row['sensor'].lower() for row in rows}
        assert pairs[0]['img'].shape == (32, 32, 4)


def test_a_scene_is_read_once(archive: Path, tmp_path: Path) -> None:
    report = build(Source(archive), tmp_path / 'out', replace(OPTIONS, tile=64), processes=0)
    assert 0.9 * report.scene_bytes < report.run['bytes_read'] <= 1.2 * report.scene_bytes


def test_a_stopped_build_goes_on_to_the_same_files(
    archive: Path, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, real = [], module.build_block

    def stop_at_third(job: module.Job) -> object:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(job)
        return real(job)

    monkeypatch.setattr(module, 'build_block', stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        build(Source(archive), tmp_path / 'out', OPTIONS, processes=0)
    assert not (tmp_path / 'out' / 'index.parquet').exists()
    monkeypatch.setattr(module, 'build_block', real)
    report = build(Source(archive), tmp_path / 'out', OPTIONS, processes=0)
    assert report.run['tasks_kept'] == 2 and contents(tmp_path / 'out') == contents(built)
    lost = next((tmp_path / 'out').glob('*/*/rgb/*.tif'))
    lost.unlink()
    assert build(Source(archive), tmp_path / 'out', OPTIONS, processes=0).run['tasks_done'] == 1
    assert contents(tmp_path / 'out') == contents(built)


def test_other_options_or_a_foreign_folder_are_refused(archive: Path, built: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match='max_invalid 0.3'):
        build(Source(archive), built, replace(OPTIONS, max_invalid=0.2), processes=0)
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(DataError, match='folder of something else'):
        build(Source(archive), tmp_path, OPTIONS, processes=0)


def test_shards_hold_the_same_patches(archive: Path, built: Path, tmp_path: Path) -> None:
    options = replace(OPTIONS, form='webdataset', shard_size=5)
    build(Source(archive), tmp_path / 'a', options, processes=0)
    loose = {row['key']: row for row in index(built)}
    rows = index(tmp_path / 'a')
    assert [row['key'] for row in rows] == list(loose)
    assert not list((tmp_path / 'a').rglob('*.tif'))
    for row in rows:
        assert row['shard'].startswith(row['split'])
        with tarfile.open(tmp_path / 'a' / row['shard']) as shard:
            names = shard.getnames()
            assert len(names) <= 15
            start = names.index(row['optical_path'])  # members of a sample follow each other, as loaders expect
            assert names[start : start + 3] == [row['optical_path'], row['sar_path'], f'{row["key"]}.json']
            for name in ('optical', 'sar'):
                content = shard.extractfile(row[f'{name}_path']).read()
                assert content == (built / loose[row['key']][f'{name}_path']).read_bytes()
    before = contents(tmp_path / 'a')
    assert build(Source(archive), tmp_path / 'a', options, processes=0).run['tasks_done'] == 0
    assert contents(tmp_path / 'a') == before
    next((tmp_path / 'a').glob('train-*.tar')).unlink()
    build(Source(archive), tmp_path / 'a', options, processes=0)
    assert contents(tmp_path / 'a') == before


def test_empty_constant_and_repeated_tiles_are_dropped(tmp_path: Path) -> None:
    optical, sar = layers(5, 64, 192)
    sar[:, :32, :32] = 0  # nothing
    sar[:, :9, 32:64] = 0  # 28 % missing: kept
    sar[:, :10, 64:96] = 0  # 31 %: dropped
    optical[:, :32, 96:128] = 7  # one colour
    for pixels in (optical, sar):
        pixels[:, 32:, 32:64] = pixels[:, 32:, :32]  # the same twice
    optical[:, 32:, 96:128] = optical[:, 32:, 64:96]  # the same in the optical image only
    write(tmp_path / 'raw' / 'RGB' / 'a.tif', optical)
    write(tmp_path / 'raw' / 'SAR' / 'a.tif', sar)
    options = BuildOptions(tile=32, val_share=0)
    report = build(Source(tmp_path / 'raw'), tmp_path / 'out', options, processes=0)
    assert report.dropped == {'constant': 1, 'duplicate': 1, 'missing': 2}
    rows = {row['number']: row for row in index(tmp_path / 'out')}
    assert sorted(rows) == [1, 4, 5, 6, 8, 9, 10, 11]
    assert rows[1]['sar_missing'] == pytest.approx(9 / 32) and rows[1]['optical_missing'] == 0
    assert rows[1]['sar_min'][0] > 0  # missing samples are not counted
    assert len(list((tmp_path / 'out').rglob('*.tif'))) == 2 * len(rows)
    assert report.without_time == ['raw/a']
    everything = replace(options, duplicate_bits=-1, max_invalid=1.0)
    again = build(Source(tmp_path / 'raw'), tmp_path / 'all', everything, processes=0)
    assert again.dropped == {'constant': 2, 'duplicate': 0}  # a tile without samples has no variation either


def test_the_other_modality_is_warped_to_the_grid(tmp_path: Path) -> None:
    sar = layers(2, 64, 64)[1]
    rows, columns = np.mgrid[:40, :40]
    ramp = np.stack([3 * columns + 20, 3 * rows + 20, 0 * rows + 50]).astype(np.uint8)
    write(tmp_path / 'raw' / 'SAR' / 'a.tif', sar)
    write(tmp_path / 'raw' / 'RGB' / 'a.tif', ramp, transform=from_origin(399_992, 5_300_008, 2, 2))
    report = build(Source(tmp_path / 'raw'), tmp_path / 'out', BuildOptions(tile=32, val_share=0), processes=0)
    assert report.warped == 1 and report.patches == {'train': 4, 'val': 0}
    row = next(row for row in index(tmp_path / 'out') if row['number'] == 3)
    with rasterio.open(tmp_path / 'out' / row['optical_path']) as patch:
        found = patch.read()
    expected = 3 * ((np.arange(32, 64) + 0.5 + 8) / 2 - 0.5) + 20  # column of the ramp at each column of the SAR grid
    assert np.abs(found[0] - expected).max() <= 1 and np.abs(found[1].T - expected).max() <= 1
    assert row['optical_missing'] == 0


def test_clouds_are_counted_by_a_mask_and_dropped_where_told(tmp_path: Path) -> None:
    for folder, pixels in zip(('RGB', 'SAR'), layers(4, 64, 64), strict=True):
        write(tmp_path / 'raw' / folder / 'a.tif', pixels)
    mask = np.zeros((1, 16, 20), np.uint8)  # 4 m pixels: another grid
    mask[:, :4, :8] = 1
    mask[:, :, 16:] = mask[:, 8:, :] = 255
    write(tmp_path / 'raw' / 'CLOUD' / 'a.tif', mask, transform=from_origin(400_000, 5_300_000, 4, 4))
    options = BuildOptions(tile=32, val_share=0)
    build(Source(tmp_path / 'raw'), tmp_path / 'out', options, processes=0)
    found = {row['number']: row['cloud_share'] for row in index(tmp_path / 'out')}
    assert found[0] == pytest.approx(0.5, abs=0.04) and found[1] == pytest.approx(0, abs=0.02)
    assert found[2] is None and found[3] is None  # not classified
    report = build(Source(tmp_path / 'raw'), tmp_path / 'b', replace(options, max_cloud=0.3), processes=0)
    assert report.dropped['cloud'] == 1 and report.patches['train'] == 3
    write(tmp_path / 'raw' / 'CLOUD' / 'a.tif', mask, transform=from_origin(900_000, 5_300_000, 4, 4))
    with pytest.raises(DataError, match=r'1 mismatch.*CLOUD/a\.tif'):
        build(Source(tmp_path / 'raw'), tmp_path / 'c', options, processes=0)


def test_small_scenes_are_mirrored_where_told(tmp_path: Path) -> None:
    optical, sar = layers(1, 24, 40)
    write(tmp_path / 'raw' / 'RGB' / 'a.tif', optical)
    write(tmp_path / 'raw' / 'SAR' / 'a.tif', sar)
    options = BuildOptions(tile=32, val_share=0, small='mirror')
    assert build(Source(tmp_path / 'raw'), tmp_path / 'out', options, processes=0).tiles == 2
    row = index(tmp_path / 'out')[0]
    assert row['mirrored'] == pytest.approx(1 - 24 / 32)
    with rasterio.open(tmp_path / 'out' / row['optical_path']) as patch:
        pixels = patch.read()
    np.testing.assert_array_equal(pixels[:, :24], optical[:, :, :32])
    np.testing.assert_array_equal(pixels[:, 24:], optical[:, 23:15:-1, :32])
    with pytest.raises(DataError, match='24 x 40 pixels, smaller than a tile of 32'):
        build(Source(tmp_path / 'raw'), tmp_path / 'b', replace(options, small='refuse'), processes=0)


def test_bad_scenes_are_counted_and_skipped_within_the_limit(tmp_path: Path) -> None:
    raw = write_archive(tmp_path / 'raw', 4)
    broken = raw / 'Umbra' / 'SAR' / '2023-03-02-18-42-11_1.tif'
    optical, sar = layers(9, 80, 112)
    write(broken, sar, compress='deflate', transform=from_origin(410_000, 5_300_000, 1, 1))
    content = bytearray(broken.read_bytes())
    content[len(content) // 2 :] = b'\xff' * (len(content) - len(content) // 2)  # pixels; the header comes first
    write(raw / 'Capella' / 'SAR' / 'empty.tif', sar * 0)
    write(raw / 'Capella' / 'RGB' / 'empty.tif', optical)
    (raw / 'Umbra' / 'RGB' / '2023-03-04-18-42-11_3.tif').unlink()
    broken.write_bytes(bytes(content))
    with pytest.raises(DataError, match='1 unpaired'):
        build(Source(raw), tmp_path / 'out', OPTIONS, processes=0)
    assert not (tmp_path / 'out').exists()  # refused before it started
    with pytest.raises(DataError, match='1 unpaired, 1 unreadable'):
        build(Source(raw), tmp_path / 'out', OPTIONS, processes=0, max_bad=1)
    with pytest.raises(DataError, match='1 nodata, 1 unpaired, 1 unreadable'):
        build(Source(raw), tmp_path / 'out', OPTIONS, processes=0, max_bad=2)
    report = build(Source(raw), tmp_path / 'out', OPTIONS, processes=0, max_bad=3)
    assert {(item.scene, item.kind) for item in report.bad} == {
        ('Umbra/2023-03-04-18-42-11_3', 'unpaired'),
        ('Umbra/2023-03-02-18-42-11_1', 'unreadable'),
        ('Capella/empty', 'nodata'),
    }
    assert {row['scene'] for row in index(tmp_path / 'out')} == {'2023-03-01-18-42-11_0', '2023-03-03-18-42-11_2'}


def test_a_pair_without_crs_stays_in_one_split(tmp_path: Path) -> None:
    for number in range(6):
        for folder, pixels in zip(('RGB', 'SAR'), layers(number, 64, 64), strict=True):
            write(tmp_path / 'raw' / folder / f'{number}.png', pixels, driver='PNG', crs=None, transform=None)
    build(Source(tmp_path / 'raw'), tmp_path / 'out', BuildOptions(tile=32, val_share=0.5), processes=0)
    splits: dict[str, set[str]] = {}
    for row in index(tmp_path / 'out'):
        splits.setdefault(row['scene'], set()).add(row['split'])
        assert row['geometry'] is None and row['crs'] is None and row['gsd'] is None
    assert all(len(found) == 1 for found in splits.values()) and set.union(*splits.values()) == {'train', 'val'}
