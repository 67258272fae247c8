"""Everything that can be wrong with sets for pretraining is counted by kind and named, before a run is started."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from rasterio.transform import from_origin
from raw_archive import layers, write, write_archive
from tiny_semantic import archive as semantic_archive
from tiny_semantic import rewritten
from tiny_sets import save

from mmrs.cli import main
from mmrs.datasets.pretraining.build import Source, build
from mmrs.datasets.pretraining.options import BuildOptions
from mmrs.datasets.pretraining.verify import Rules, verify_pretraining
from mmrs.errors import ConfigError, DataError

OPTIONS = BuildOptions(tile=32, val_share=0.5, block=300.0, seed=3, shard_size=5)


def problems(kind: str, root: Path, **options: object) -> list[tuple[str, str]]:
    """Kind and file of everything that is wrong."""
    found = verify_pretraining(kind, root, **options)
    return sorted((item.kind, Path(item.path.split(': ')[0]).name) for part in found for item in part.problems)


@pytest.fixture(scope='module')
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('pairs')
    for number in range(7):
        for folder, pixels in zip(('rgb', 'sar'), layers(number, 32, 32), strict=True):
            write(root / 'Umbra_patches' / folder / f'{number}.tif', pixels)
    return root


def test_good_sets_have_no_problem(pairs: Path, tmp_path: Path) -> None:
    assert problems('mars-pairs', pairs) == []
    raw = write_archive(tmp_path / 'raw', 4)
    for form in ('geotiff', 'webdataset'):
        build(Source(raw), tmp_path / form, replace(OPTIONS, form=form), processes=0)
        found = verify_pretraining('mars-pairs', tmp_path / form)
        assert all(part.published == part.samples and not part.problems for part in found)
        assert [part.name for part in found] == ['train', 'val']


def test_pairs(pairs: Path, tmp_path: Path) -> None:
    root = copytree(pairs, tmp_path / 'pairs')
    folder = root / 'Umbra_patches'
    optical, sar = layers(1, 32, 32)
    (folder / 'sar' / '0.tif').unlink()
    write(folder / 'sar' / '1.tif', sar[:, :20])
    write(folder / 'sar' / '2.tif', sar, transform=from_origin(500_000, 5_300_000, 1, 1))
    write(folder / 'sar' / '3.tif', sar, transform=from_origin(400_008, 5_300_000, 1, 1))
    write(folder / 'rgb' / '4.tif', optical * 0 + 9)
    write(folder / 'sar' / '5.tif', sar * 0 + 3, nodata=3)
    (folder / 'sar' / '6.tif').write_bytes(b'no raster')
    assert problems('mars-pairs', root, pixels=False) == [('unpaired', '0.tif')]
    assert problems('mars-pairs', root) == [
        ('constant', '4.tif'), ('grid', '1.tif'), ('grid', '3.tif'), ('nodata', '5.tif'), ('overlap', '2.tif'),
        ('size', '1.tif'), ('unpaired', '0.tif'), ('unreadable', '6.tif'),
    ]  # fmt: skip


def test_a_build_that_was_damaged(tmp_path: Path) -> None:
    raw = write_archive(tmp_path / 'raw', 4)
    build(Source(raw), tmp_path / 'out', OPTIONS, processes=0)
    patches = sorted((tmp_path / 'out').glob('*/*/sar/*.tif'))
    patches[0].rename(patches[0].with_name('other.tif'))
    assert problems('mars-pairs', tmp_path / 'out') == [('missing', patches[0].name), ('unknown', 'other.tif')]
    build(Source(raw), tmp_path / 'tar', replace(OPTIONS, form='webdataset'), processes=0)
    shard = next((tmp_path / 'tar').glob('train-*.tar'))
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 2])
    assert ('shard', shard.name) in problems('mars-pairs', tmp_path / 'tar', pixels=False)
    (tmp_path / 'tar' / 'index.parquet').write_bytes(b'no index')
    assert problems('mars-pairs', tmp_path / 'tar') == [('index', 'index.parquet')]


def test_seasons(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (3, 16, 16), np.uint8)
    for season in ('q1', 'q2'):
        for place in 'abc':
            save(tmp_path / season / f'{place}.tif', image)
    assert problems('seasons', tmp_path, rules=Rules(('q1', 'q2'))) == []
    save(tmp_path / 'q2' / 'a.tif', image[:, :12])
    save(tmp_path / 'q1' / 'b.tif', image * 0)
    (tmp_path / 'q2' / 'c.tif').write_bytes(b'')
    found = problems('seasons', tmp_path, rules=Rules(('q1', 'q2')))
    assert Counter(kind for kind, _ in found) == dict(constant=1, grid=1, size=1, unreadable=1)
    assert problems('seasons', tmp_path, rules=Rules(('q3',))) == [('missing', 'q3')]


def test_lists(tmp_path: Path) -> None:
    root = semantic_archive(tmp_path)
    assert problems('rs-semantic', root, rules=Rules(dates=True)) == []
    assert problems('rs-semantic', root, rules=Rules(vocabulary=4)) == [
        ('vocabulary', 'deepglobe_train.json'), ('vocabulary', 'potsdam_train.json')
    ]  # fmt: skip
    rewritten(root, 'unlabelled.json', target_path=None)
    (root / 'undated.tif').write_bytes((root / 'potsdam/s2/0_2018_03_15.tif').read_bytes())
    rewritten(root, 'undated.json', s2_path=['undated.tif'])
    rewritten(root, 'absent.json', classes=[0, 3])
    save(root / 'many.tif', np.arange(128 * 128, dtype=np.uint8).reshape(1, 128, 128))
    rewritten(root, 'many.json', target_path='many.tif')
    save(root / 'flat.png', np.zeros((128, 128, 3), np.uint8))
    rewritten(root, 'flat.json', hr_path='flat.png')
    expected = dict(unlabelled='label', undated='date', absent='classes', many='colours', flat='constant')
    for name, kind in expected.items():
        found = problems('rs-semantic', root, rules=Rules(lists=[f'{name}.json'], dates=True))
        assert [item[0] for item in found] == [kind], name


def test_the_command(pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = copytree(pairs, tmp_path / 'pairs')
    assert main(['data', 'verify', 'mars-pairs', str(root)]) == 0
    (root / 'Umbra_patches' / 'sar' / '0.tif').unlink()
    capsys.readouterr()
    assert main(['data', 'verify', 'mars-pairs', str(root), '--json']) == 1
    report = json.loads(capsys.readouterr().out)
    assert not report['ok'] and report['splits'][0]['problems'][0]['kind'] == 'unpaired'
    assert main(['data', 'verify', 'mars-pairs', str(root), '--max-bad', '1']) == 0
    assert 'Umbra_patches: unpaired: ' in capsys.readouterr().out
    assert main(['data', 'verify', 'seasons']) == 1


def test_what_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='one of mars-pairs, seasons, rs-semantic'):
        verify_pretraining('mars', tmp_path)
    with pytest.raises(DataError, match='no folder with rgb and sar'):
        verify_pretraining('mars-pairs', tmp_path)
    with pytest.raises(DataError, match='no such folder'):
        verify_pretraining('seasons', tmp_path / 'nowhere')
    with pytest.raises(DataError, match='no list'):
        verify_pretraining('rs-semantic', tmp_path)


def test_a_build_without_patches(tmp_path: Path) -> None:
    for folder, pixels in zip(('RGB', 'SAR'), layers(0, 32, 32), strict=True):
        write(tmp_path / 'raw' / folder / 'a.tif', pixels)
    write(tmp_path / 'raw' / 'CLOUD' / 'a.tif', np.ones((1, 32, 32), np.uint8))
    build(Source(tmp_path / 'raw'), tmp_path / 'out', BuildOptions(tile=32, max_cloud=0.5), processes=0)
    assert problems('mars-pairs', tmp_path / 'out') == [('count', 'out')]
