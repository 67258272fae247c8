"""``mmrs predict`` as a user runs it: a config, a checkpoint, scenes, and what goes wrong with them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import from_origin

from mmrs.cli.main import main

CONFIG = """
default_scope = 'mmseg'
crop_size = (64, 64)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[100.] * 3, std=[50.] * 3, bgr_to_rgb=True, size=crop_size),
    backbone=dict(
        type='ResNet', depth=18, base_channels=4, stem_channels=4, num_stages=1, out_indices=(0,), strides=(1,),
        dilations=(1,), norm_cfg=dict(type='BN')),
    decode_head=dict(
        type='FCNHead', in_channels=4, channels=4, num_convs=1, num_classes=3, norm_cfg=dict(type='BN'),
        loss_decode=dict(type='CrossEntropyLoss')),
    test_cfg=dict(mode='whole'))
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
"""


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """A config and a checkpoint of random weights."""
    from mmengine.config import Config
    from mmengine.registry import MODELS

    folder = tmp_path_factory.mktemp('trained')
    (folder / 'config.py').write_text(CONFIG)
    torch.manual_seed(0)
    with MODELS.switch_scope_and_registry('mmseg') as registry:
        model = registry.build(Config.fromfile(folder / 'config.py').model)
    meta = {'dataset_meta': {'classes': ('water', 'forest', 'road'), 'palette': [[0, 0, 200], [0, 150, 0], [90] * 3]}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, folder / 'model.pth')
    return [str(folder / 'config.py'), str(folder / 'model.pth')]


def write_scene(path, height=150, width=170, count=3, seed=0):
    pixels = np.random.default_rng(seed).integers(1, 255, (count, height, width), dtype=np.uint8)
    place = {'crs': 'EPSG:32633', 'transform': from_origin(5e5, 5e6, 0.5, 0.5)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        height=height,
        width=width,
        count=count,
        dtype='uint8',
        photometric='minisblack',
        **place,
    ) as dataset:
        dataset.write(pixels)
    return str(path)


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_from_the_shell(trained, tmp_path) -> None:
    scene = write_scene(tmp_path / 's.tif')
    command = [sys.executable, '-m', 'mmrs', 'predict', *trained, scene, '-o', str(tmp_path / 'out'), '--device', 'cpu']
    options = ['--polygons', '--probabilities', '--blend', 'gaussian', '--tile', '64', '--overlap', '16']
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = ['s.json', 's_classes.tif', 's_polygons.gpkg', 's_probabilities.tif', 's_quicklook.png']
    assert names(tmp_path / 'out') == expected
    assert 's.tif: 12 tiles' in done.stdout and 's_polygons.gpkg' in done.stdout
    with rasterio.open(scene) as source, rasterio.open(tmp_path / 'out' / 's_classes.tif') as made:
        assert (made.crs, made.transform, made.shape) == (source.crs, source.transform, source.shape)
        assert made.colormap(1)[1] == (0, 150, 0, 255)
        assert json.loads(made.tags()['CLASS_NAMES']) == ['water', 'forest', 'road']
    record = json.loads((tmp_path / 'out' / 's.json').read_text())
    assert record['model']['checkpoint'] == trained[1] and len(record['model']['checkpoint_sha256']) == 64


def test_killed_command_goes_on(trained, tmp_path) -> None:
    scene = write_scene(tmp_path / 's.tif', 600, 600)
    arguments = ['predict', *trained, scene, '--device', 'cpu', '--overlap', '32', '--no-quicklook', '-o']
    assert main([*arguments, str(tmp_path / 'whole')]) == 0
    process = subprocess.Popen(
        [sys.executable, '-m', 'mmrs', *arguments, str(tmp_path / 'out')], stderr=subprocess.PIPE, text=True
    )
    journal = tmp_path / 'out' / '.s.partial' / 'classes' / 'journal.json'
    while not journal.is_file() and process.poll() is None:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not [name for name in names(tmp_path / 'out') if not name.startswith('.')], 'killed too late'
    assert main([*arguments, str(tmp_path / 'out')]) == 0
    assert names(tmp_path / 'out') == ['s.json', 's_classes.tif']
    classes = [(tmp_path / folder / 's_classes.tif').read_bytes() for folder in ('out', 'whole')]
    assert classes[0] == classes[1]
    record = json.loads((tmp_path / 'out' / 's.json').read_text())
    assert record['run']['tiles_resumed'] > 0


def test_folders_and_vrts_and_one_that_fails(trained, tmp_path, capsys) -> None:
    for index in range(2):
        write_scene(tmp_path / 'scenes' / f'{index}.tif', seed=index)
    (tmp_path / 'scenes' / 'broken.tif').write_bytes(b'II*\0')
    from rasterio.shutil import copy

    copy(write_scene(tmp_path / 'base.tif'), tmp_path / 'mosaic.vrt', driver='VRT')
    inputs = [str(tmp_path / 'scenes'), str(tmp_path / 'none.tif'), str(tmp_path / 'mosaic.vrt')]
    out = tmp_path / 'out'
    assert main(['predict', *trained, *inputs, '-o', str(out), '--no-quicklook']) == 1
    assert [name for name in names(out) if name.endswith('.tif')] == [f'{n}_classes.tif' for n in ('0', '1', 'mosaic')]
    said = capsys.readouterr().err
    assert 'none.tif' in said and 'broken.tif' in said and '2 failed' in said


def test_dry_run(trained, tmp_path, capsys) -> None:
    scene = write_scene(tmp_path / 's.tif')
    assert main(['predict', *trained, scene, '-o', str(tmp_path / 'out'), '--dry-run', '--polygons', 'geojson']) == 0
    said = capsys.readouterr().out
    assert '12 tiles (3 rows of 4)' in said
    assert 's_polygons.geojson' in said and not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('change', 'match'),
    [
        ({'config': 'none.py'}, 'none.py'),
        ({'checkpoint': 'none.pth'}, 'none.pth'),
        ({'scene': 'none.tif'}, 'none.tif'),
        ({'bands': '1,2'}, '3 bands'),
        ({'bands': '1,2,9'}, 'band 9'),
        ({'overlap': '64'}, 'overlap'),
        ({'device': 'cuda:77'}, 'cuda:77'),
        ({'out': 'file/out'}, 'cannot be written'),
        ({'cfg_options': 'model.decode_head.num_classes=7'}, 'another shape'),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(trained, tmp_path, capsys, change, match) -> None:
    (tmp_path / 'file').write_text('in the way')
    values = {'config': trained[0], 'checkpoint': trained[1], 'scene': write_scene(tmp_path / 's.tif'), 'out': 'out'}
    values = {**values, **change}
    values['out'] = str(tmp_path / values['out'])
    arguments = [values.pop(name) for name in ('config', 'checkpoint', 'scene')]
    options = [part for name, value in values.items() for part in (f'--{name.replace("_", "-")}', value)]
    assert main(['predict', *arguments, *options]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if 'error' in line]
    assert len(errors) == 1 and match in errors[0]
    assert not (tmp_path / 'out').exists() or not names(tmp_path / 'out')


def test_equal_names_are_refused(trained, tmp_path, capsys) -> None:
    scenes = [write_scene(tmp_path / folder / 's.tif') for folder in 'ab']
    assert main(['predict', *trained, *scenes, '-o', str(tmp_path / 'out')]) == 1
    assert 'names that differ' in capsys.readouterr().err


def test_scene_without_crs_is_mapped_with_a_note(trained, tmp_path, capsys) -> None:
    scene = tmp_path / 's.png'
    with rasterio.open(scene, 'w', driver='PNG', height=70, width=70, count=3, dtype='uint8') as dataset:
        dataset.write(np.full((3, 70, 70), 99, np.uint8))
    assert main(['predict', *trained, str(scene), '-o', str(tmp_path / 'out')]) == 0
    assert capsys.readouterr().err.count('no coordinate reference system') == 1


def test_wrong_usage_exits_with_two(capsys) -> None:
    for arguments in (['predict'], ['predict', 'a', 'b', 'c', '-o', 'd', '--bands', 'red']):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 2


def test_progress_lines(capsys) -> None:
    from mmrs.cli.progress import TileProgress

    with TileProgress('s.tif', interval=0.0) as progress:
        progress(0, 10)
        time.sleep(0.01)
        progress(5, 10)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith('s.tif: 5/10 tiles, ') and lines[-1].endswith('s left')
