"""``mmrs predict BEFORE --after AFTER`` as a user runs it: two scenes in, a map of change out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import from_origin

from mmrs.cli.main import main

CONFIG = """
default_scope = 'mmseg'
custom_imports = dict(imports=['mmrs'], allow_failed_imports=False)
model = dict(
    type='mmrs.SiamEncoderDecoder', fusion='abs_diff',
    data_preprocessor=dict(
        type='mmrs.SegDataPreProcessor', mean=[100.] * 3, std=[50.] * 3, dates=2, size=(64, 64)),
    backbone=dict(
        type='ResNet', depth=18, in_channels=3, base_channels=4, stem_channels=4, num_stages=1, out_indices=(0,),
        strides=(1,), dilations=(1,), norm_cfg=dict(type='BN')),
    decode_head=dict(
        type='FCNHead', in_channels=4, channels=4, num_convs=0, concat_input=False, num_classes=2,
        norm_cfg=dict(type='BN'), loss_decode=dict(type='CrossEntropyLoss')),
    test_cfg=dict(mode='whole'))
scene = dict(tile=64, overlap=16, bands=[1, 2, 3], batch_size=4)
"""
EAST, NORTH, GSD = 500_000.0, 5_000_000.0, 2.0


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A config and a checkpoint that calls a pixel changed where its brightness differs between the dates."""
    from mmengine.config import Config
    from mmengine.registry import MODELS

    folder = tmp_path_factory.mktemp('trained')
    (folder / 'config.py').write_text(CONFIG)
    torch.manual_seed(0)
    with MODELS.switch_scope_and_registry('mmseg') as registry:
        model = registry.build(Config.fromfile(folder / 'config.py').model)
    model.decode_head.conv_seg.weight.data[:] = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1)
    model.decode_head.conv_seg.bias.data[:] = torch.tensor([0.5, -0.5])
    meta = {'dataset_meta': {'classes': ('unchanged', 'changed'), 'palette': [[0, 0, 0], [255, 255, 255]]}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, folder / 'model.pth')
    return [str(folder / 'config.py'), str(folder / 'model.pth')]


def write(path: Path, change: bool, shift: int = 0, epsg: int = 32633, **place: Any) -> str:
    """A grey scene with one bright square when ``change``, at (40..70, 60..100) of the unshifted grid."""
    pixels = np.full((3, 120, 150), 100, np.uint8)
    if change:
        pixels[:, 40:70, 60 - shift : 100 - shift] = 250
    place = dict(crs=f'EPSG:{epsg}', transform=from_origin(EAST + shift * GSD, NORTH, GSD, GSD)) | place
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, 'w', driver='GTiff', height=120, width=150, count=3, dtype='uint8', photometric='rgb', **place
    ) as target:
        target.write(pixels)
    return str(path)


def changed(folder: Path, name: str) -> np.ndarray:
    with rasterio.open(folder / name) as made:
        return made.read(1)


def test_from_the_shell_with_another_grid(trained: list[str], tmp_path: Path) -> None:
    before, after = write(tmp_path / '2019.tif', False), write(tmp_path / '2023.tif', True, shift=20)
    command = [sys.executable, '-m', 'mmrs', 'predict', *trained, before, '--after', after, '-o', str(tmp_path / 'out')]
    done = subprocess.run([*command, '--polygons', '--device', 'cpu'], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'is warped to the grid of' in done.stderr and 'covers 87% of it; the rest is nodata' in done.stderr
    stem = '2019_2023'
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == [f'{stem}.json', f'{stem}_change.tif', f'{stem}_polygons.gpkg', f'{stem}_quicklook.png']
    with rasterio.open(before) as source, rasterio.open(tmp_path / 'out' / f'{stem}_change.tif') as made:
        assert (made.crs, made.transform, made.shape) == (source.crs, source.transform, source.shape)
        assert json.loads(made.tags()['CLASS_NAMES']) == ['unchanged', 'changed']
        assert made.tags(ns='IMAGE_STRUCTURE')['LAYOUT'] == 'COG'
    found = changed(tmp_path / 'out', f'{stem}_change.tif')
    assert (found[:, :20] == 255).all() and not (found[:, 20:] == 255).any()
    assert (found[45:65, 65:95] == 1).all() and (found[:30, 25:] == 0).all()
    _check_polygons(tmp_path / 'out' / f'{stem}_polygons.gpkg', int((found == 1).sum()))
    record = json.loads((tmp_path / 'out' / f'{stem}.json').read_text())
    assert record['after'] == {'path': after, 'warped': True, 'overlap': 0.8667}


def _check_polygons(path: Path, pixels: int) -> None:
    """Only what changed is a polygon, with its area, where the square is."""
    import pyogrio
    import shapely

    meta, _, geometry, fields = pyogrio.raw.read(path)
    columns = dict(zip(meta['fields'], fields, strict=True))
    assert set(columns['class']) == {'changed'} and columns['pixels'].sum() == pixels and meta['crs'] == 'EPSG:32633'
    left, bottom, right, top = shapely.total_bounds(shapely.from_wkb(geometry))
    assert abs(left - (EAST + 60 * GSD)) <= 12 * GSD and abs(top - (NORTH - 40 * GSD)) <= 12 * GSD
    assert abs(right - (EAST + 100 * GSD)) <= 12 * GSD and abs(bottom - (NORTH - 70 * GSD)) <= 12 * GSD


def test_a_folder_of_later_scenes_a_dry_run_and_no_change(
    trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = [write(tmp_path / 'before' / f'{name}.tif', True) for name in 'ab']
    for name, change in (('a', True), ('b', False)):
        write(tmp_path / 'after' / f'{name}.tif', change)
    arguments = ['predict', *trained, *scenes, '--after', str(tmp_path / 'after'), '-o', str(tmp_path / 'out')]
    assert main([*arguments, '--dry-run']) == 0
    assert 'on the same grid, which covers 100% of it' in capsys.readouterr().out
    assert not (tmp_path / 'out').exists()
    assert main([*arguments, '--no-quicklook']) == 0
    assert (changed(tmp_path / 'out', 'a_a_change.tif') == 0).all()
    assert (changed(tmp_path / 'out', 'b_b_change.tif')[45:65, 65:95] == 1).all()
    capsys.readouterr()
    assert main([*arguments, '--no-quicklook']) == 0
    assert 'this map is complete already; kept' in capsys.readouterr().err
    write(tmp_path / 'after' / 'a.tif', False)  # another later scene is another run
    assert main([*arguments, '--no-quicklook']) == 1
    assert 'outputs of another run' in capsys.readouterr().err


def test_what_cannot_be_compared_is_one_line(
    trained: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = write(tmp_path / 'a.tif', True)
    far = write(tmp_path / 'far.tif', True, transform=from_origin(EAST + 1e5, NORTH, GSD, GSD))
    bare = write(tmp_path / 'bare.tif', True, crs=None)
    cases = {
        far: 'expected an extent that overlaps',
        bare: 'no coordinate reference system',
        before: 'the earlier scene itself',
        str(tmp_path / 'absent.tif'): 'found no such file; expected the later scene',
        None: 'two dates, as the model looks at. Give the later scene: --after FILE.',
    }
    for after, message in cases.items():
        later = [] if after is None else ['--after', after]
        assert main(['predict', *trained, before, *later, '-o', str(tmp_path / 'out')]) == 1
        lines = [line for line in capsys.readouterr().err.splitlines() if 'error:' in line]
        assert len(lines) == 1 and message in lines[0], lines
    assert not (tmp_path / 'out').exists()


def test_real_pairs_without_crs(trained: list[str], tmp_path: Path, data_dir: Path) -> None:
    name = sorted(path.name for path in (data_dir / 'levir_cd_sample/A').iterdir())[0]
    before, after = (str(data_dir / 'levir_cd_sample' / date / name) for date in 'AB')
    assert main(['predict', *trained, before, '--after', after, '-o', str(tmp_path / 'out')]) == 0
    stem = Path(name).stem
    assert changed(tmp_path / 'out', f'{stem}_{stem}_change.tif').shape == (256, 256)
