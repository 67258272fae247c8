"""The tiling tool, from archives as their publishers pack them to tiles that the configs read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_sets import save

from mmrs.datasets.catalogue import get
from mmrs.datasets.raw_scenes import RAW, plan_tiles
from mmrs.datasets.verify import verify_dataset
from mmrs.errors import DataError

TOOL = Path(__file__).parents[3] / 'tools' / 'data' / 'tile.py'


def tile(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], capture_output=True, text=True)


def scene(path: Path, name: str = '', seed: int = 0, size: int = 40) -> np.ndarray:
    """Writes a scene, or a mask in the colours of a dataset; returns its pixels or class indices."""
    random = np.random.default_rng(seed)
    pixels = random.integers(2, 250, (size, size, 3), np.uint8)
    if name:
        palette = np.asarray([*get(name).palette, (0, 0, 0)], np.uint8)
        index = random.integers(0, len(palette), (size, size))
        pixels = palette[index]
    save(path, np.moveaxis(pixels, -1, 0) if path.suffix == '.tif' else pixels)
    return index if name else pixels


def potsdam(root: Path) -> dict[str, np.ndarray]:
    for number in ('2_10', '2_13'):
        scene(root / f'2_Ortho_RGB/top_potsdam_{number}_RGB.tif')
    return {
        number: scene(root / f'5_Labels/top_potsdam_{number}_label.tif', 'potsdam', 1) for number in ('2_10', '2_13')
    }


def test_potsdam(tmp_path: Path) -> None:
    raw, out = tmp_path / 'raw', tmp_path / 'potsdam'
    index = potsdam(raw)['2_10']
    arguments = ('potsdam', raw, '-o', out, '--tile', 32)
    told = tile(*arguments, '--dry-run')
    assert told.returncode == 0 and 'train: 1 scenes, 4 tiles of 32 px' in told.stdout, told.stderr
    assert not out.exists()
    done = tile(*arguments)
    assert '16 files written, 0 kept' in done.stdout and done.returncode == 0, done.stderr
    assert '0 files written, 16 kept' in tile(*arguments).stdout
    mask = np.asarray(Image.open(out / 'ann_dir/train/2_10_8_0_40_32.png'))
    expected = np.where(index == 6, 0, index + 1)[:32, 8:]  # black is ignored, the first class is 1
    assert np.array_equal(mask, expected)
    outcomes = verify_dataset(get('potsdam'), out)
    assert [(outcome.name, outcome.samples) for outcome in outcomes] == [('train', 4), ('val', 4)]
    assert {problem.kind for outcome in outcomes for problem in outcome.problems} <= {'duplicate'}  # one seed


def test_vaihingen_and_isaid(tmp_path: Path) -> None:
    raw = tmp_path / 'vaihingen'
    for area in ('area1', 'area2', 'area9'):
        scene(raw / f'top/top_mosaic_09cm_{area}.tif')
        scene(raw / f'gts_for_participants/top_mosaic_09cm_{area}.tif', 'vaihingen')
        scene(raw / f'eroded/top_mosaic_09cm_{area}_noBoundary.tif', 'vaihingen')
    plan = plan_tiles('vaihingen', raw, tmp_path / 'v')
    assert [path.name for path in plan.unused] == ['top_mosaic_09cm_area9.tif']
    assert {split: len(scenes) for split, scenes in plan.scenes.items()} == {'train': 1, 'val': 1}
    assert plan.scenes['val'][0][1].path.name == 'top_mosaic_09cm_area2_noBoundary.tif'
    raw, out = tmp_path / 'isaid', tmp_path / 'iSAID'
    for split in ('train', 'val'):
        scene(raw / split / 'images/images/P0003.png', size=20)
        index = scene(raw / split / 'Semantic_masks/images/P0003_instance_color_RGB.png', 'isaid', 2, 20)
    scene(raw / 'test/images/P0006.png', size=20)
    done = tile('isaid', raw, '-o', out, '--tile', 32)
    assert done.returncode == 0 and 'test: 1 scenes, 1 tiles' in done.stdout, done.stderr
    mask = np.asarray(Image.open(out / 'ann_dir/val/P0003_0_32_0_32_instance_color_RGB.png'))
    assert np.array_equal(mask[:20, :20], index % 16) and (mask[20:] == 255).all()
    assert (out / 'img_dir/test/P0006_0_32_0_32.png').is_file() and not (out / 'ann_dir/test').exists()
    assert verify_dataset(get('isaid'), out, ['val'])[0].problems == []


def test_published_splits() -> None:
    assert [len(RAW['potsdam'].splits[split]) for split in ('train', 'val')] == [24, 14]
    assert [len(RAW['vaihingen'].splits[split]) for split in ('train', 'val')] == [16, 17]
    for raw in (RAW['potsdam'], RAW['vaihingen']):
        assert len(set(raw.splits['train']) | set(raw.splits['val'])) == sum(map(len, raw.splits.values()))


def test_refusals(tmp_path: Path) -> None:
    (tmp_path / 'raw').mkdir()
    (tmp_path / 'raw/2_Ortho_RGB.zip').touch()
    done = tile('potsdam', tmp_path / 'raw', '-o', tmp_path / 'out')
    assert done.returncode == 1 and 'Unpack the archives' in done.stderr and done.stderr.count('\n') == 1
    potsdam(tmp_path / 'raw')
    (tmp_path / 'raw/5_Labels/top_potsdam_2_13_label.tif').unlink()
    with pytest.raises(DataError, match=r'2_13_RGB\.tif: found no mask'):
        plan_tiles('potsdam', tmp_path / 'raw', tmp_path)
    scene(tmp_path / 'raw/copy/top_potsdam_2_10_RGB.tif')
    with pytest.raises(DataError, match='expected every scene once'):
        plan_tiles('potsdam', tmp_path / 'raw', tmp_path)


def test_an_unknown_colour_is_no_background(tmp_path: Path) -> None:
    for split in ('train', 'val'):
        scene(tmp_path / f'{split}/P0001.png')
        scene(tmp_path / f'{split}/P0001_instance_color_RGB.png')
    done = tile('isaid', tmp_path, '-o', tmp_path / 'out', '--tile', 32)
    assert done.returncode == 1 and 'P0001_instance_color_RGB.png: found colours' in done.stderr, done.stderr
