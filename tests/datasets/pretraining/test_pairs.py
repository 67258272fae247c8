"""Which raw scenes are used, and what is said of the others."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pytest
from rasterio.transform import from_origin
from raw_archive import write

from mmrs.datasets.pretraining.options import BuildOptions
from mmrs.datasets.pretraining.pairs import check_pairs, find_pairs
from mmrs.datasets.pretraining.times import parse_time
from mmrs.errors import ConfigError, DataError

OPTIONS = BuildOptions(tile=16)
OPTICAL, SAR = np.full((3, 20, 24), 9, np.uint8), np.full((1, 20, 24), 9, np.uint16)


def test_every_kind_of_bad_scene_is_named(tmp_path: Path) -> None:
    umbra = tmp_path / 'Umbra'
    for name in ('good', 'lonely', 'far', 'small', 'torn', 'twice'):
        write(umbra / 'RGB' / f'{name}.tif', OPTICAL)
    write(umbra / 'RGB' / 'twice.png', OPTICAL, driver='PNG')
    for name in ('good', 'torn', 'twice', 'radar-only'):
        write(umbra / 'SAR' / f'{name}.tif', SAR)
    write(umbra / 'SAR' / 'far.tif', SAR, transform=from_origin(900_000, 5_300_000, 1, 1))
    write(umbra / 'SAR' / 'small.tif', SAR[:, :10])
    write(umbra / 'RGB' / 'nowhere.tif', OPTICAL, crs=None)
    write(umbra / 'SAR' / 'nowhere.tif', SAR)
    (umbra / 'RGB' / 'torn.tif').write_bytes((umbra / 'RGB' / 'torn.tif').read_bytes()[:100])
    pairs, bad = find_pairs(tmp_path)
    archive = check_pairs(pairs, OPTIONS)
    assert [scene.pair.label for scene in archive.scenes] == ['Umbra/good']
    found = {item.scene.split('/')[1]: (item.kind, item.text) for item in [*bad, *archive.bad]}
    assert {name: kind for name, (kind, _) in found.items()} == {
        'lonely': 'unpaired', 'radar-only': 'unpaired', 'twice': 'ambiguous',
        'far': 'mismatch', 'nowhere': 'mismatch', 'small': 'small', 'torn': 'unreadable',
    }  # fmt: skip
    assert 'lonely.tif has no sar file' in found['lonely'][1] and 'no optical file' in found['radar-only'][1]
    assert 'overlaps' in found['far'][1] and '10 x 24 pixels' in found['small'][1]
    mirrored = check_pairs(pairs, BuildOptions(tile=16, small='mirror'))
    assert [scene.pair.name for scene in mirrored.scenes] == ['good', 'small']


def test_a_pair_on_two_grids_is_planned_to_be_warped(tmp_path: Path) -> None:
    write(tmp_path / 'RGB' / 'a_20210208120343.tif', OPTICAL, transform=from_origin(400_000, 5_300_000, 2, 2))
    write(tmp_path / 'SAR' / 'a_20210208120343.tif', SAR, nodata=0)
    (scene,) = check_pairs(find_pairs(tmp_path, sensor='capella')[0], OPTIONS).scenes
    assert scene.warped and scene.overlap == 1 and scene.pair.sensor == 'capella'
    assert (scene.height, scene.width, scene.gsd, scene.crs) == (20, 24, 1.0, 'EPSG:32632')
    assert scene.zero_missing == {'sar': False, 'optical': True}  # the SAR file says what is missing
    assert scene.times['sar'] == datetime(2021, 2, 8, 12, 3, 43, tzinfo=timezone.utc)


def test_identity_follows_the_files(tmp_path: Path) -> None:
    for folder, pixels in (('RGB', OPTICAL), ('SAR', SAR)):
        write(tmp_path / folder / 'a.tif', pixels)
    (pair,) = find_pairs(tmp_path)[0]
    before = pair.identity()
    assert before == find_pairs(tmp_path)[0][0].identity()
    write(pair.sar, np.full((1, 40, 24), 9, np.uint16))
    assert pair.identity() != before


def test_no_folders_is_an_error_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='no folder with RGB and SAR in it'):
        find_pairs(tmp_path)
    with pytest.raises(DataError, match='no such folder'):
        find_pairs(tmp_path / 'absent')


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('2023-03-05-18-42-11_UMBRA-05_GEC', (2023, 3, 5, 18, 42, 11)),
        ('CAPELLA_C02_SM_GEO_HH_20210208120343_20210208120348', (2021, 2, 8, 12, 3, 43)),
        ('S1A_IW_GRDH_1SDV_20200612T101031', (2020, 6, 12, 10, 10, 31)),
        ('scene_20190230_20190228', (2019, 2, 28)),
        ('tile_12345678901234', None),
        ('20231399', None),
    ],
)
def test_dates_in_names(text: str, expected: tuple[int, ...] | None) -> None:
    assert parse_time(text) == (None if expected is None else datetime(*expected, tzinfo=timezone.utc))


@pytest.mark.parametrize('wrong', [{'tile': 0}, {'max_invalid': 1.5}, {'form': 'zip'}, {'block': -3}, {'seed': -1}])
def test_options_that_cannot_be(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f'--{next(iter(wrong)).replace("_", "-")}'):
        BuildOptions(**wrong).check()  # type: ignore[arg-type]
