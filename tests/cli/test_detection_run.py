"""Oriented detection as a user types it: synthetic data, training, a scene, boxes on the map."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from PIL import Image

from mmrs.datasets.catalogue import get
from mmrs.datasets.synthetic import Plan, write_detection

NAMES = set(get('dota-v1.0').classes)
CONFIG = 'quickstart/resnet-18_rfcos_4k_synthetic-dota-128'


def mmrs(*arguments: object, cwd: Path) -> str:
    command = [sys.executable, '-m', 'mmrs', *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def boxes(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Polygons, classes and scores of a file."""
    meta, _, geometry, columns = pyogrio.raw.read(path)
    assert meta['crs'] == 'EPSG:32632' and list(meta['fields']) == ['class_id', 'class', 'score', 'angle']
    return shapely.from_wkb(geometry), columns[1], columns[2]


def found(truth: Path, predicted: Path) -> float:
    """Share of the objects of a scene that a box of their class covers with IoU 0.5."""
    objects, names, _ = boxes(truth)
    guesses, classes, _ = boxes(predicted)
    tree = shapely.STRtree(guesses)
    hits = 0
    for figure, name in zip(objects, names, strict=True):
        near = [index for index in tree.query(figure) if classes[index] == name]
        ious = [figure.intersection(guesses[one]).area / figure.union(guesses[one]).area for one in near]
        hits += max(ious, default=0.0) >= 0.5
    return hits / max(len(objects), 1)


def test_from_training_to_a_geopackage(tmp_path: Path) -> None:
    write_detection(tmp_path / 'data', Plan(train=4, val=1, tile=128, scene_size=160, gsd=0.4), layout='dota')
    short = ['train_cfg.max_iters=2', 'train_cfg.val_interval=9', 'train_dataloader.num_workers=0']
    options = ['--cfg-options', 'data_root=data', *short, 'train_dataloader.persistent_workers=False']
    mmrs('train', CONFIG, '--work-dir', 'run', *options, cwd=tmp_path)
    told = mmrs(
        'predict', CONFIG, 'run/iter_2.pth', 'data/scene.tif', '-o', 'out', '--tile', '128', '--device', 'cpu',
        '--cfg-options', 'scene.score=0.0', 'model.test_cfg.score_thr=0.0', cwd=tmp_path,
    )  # fmt: skip
    assert 'scene.tif: 4 tiles' in told and 'scene_boxes.gpkg' in told
    polygons, classes, scores = boxes(tmp_path / 'out/scene_boxes.gpkg')
    truth, names, _ = boxes(tmp_path / 'data/scene_boxes.gpkg')
    assert len(polygons) and len(truth) and set(names) <= NAMES and set(classes) <= NAMES
    assert (np.diff(scores) <= 0).all()
    extent = shapely.box(*shapely.total_bounds(truth)).buffer(64)
    assert shapely.contains(extent, shapely.centroid(polygons)).all()
    assert Image.open(tmp_path / 'out/scene_quicklook.png').width > 1000


@pytest.mark.long
def test_a_trained_model_finds_what_an_untrained_one_does_not(tmp_path: Path) -> None:
    """The quickstart of DOTA as it is: minutes of training."""
    import torch
    from mmengine.registry import MODELS

    import mmrs.registry  # noqa: F401  (makes the scope known)
    from mmrs.apis.config import load_config

    data = ('data', 'synth', 'data', '--task', 'detection', '--layout', 'dota')
    mmrs(*data, '--train', 240, '--val', 16, '--scene-size', 1024, cwd=tmp_path)
    mmrs('train', CONFIG, '--work-dir', 'run', '--cfg-options', 'data_root=data', cwd=tmp_path)
    checkpoint = torch.load(tmp_path / 'run/iter_4000.pth', weights_only=False)
    config = load_config(CONFIG)
    with MODELS.switch_scope_and_registry('mmrotate') as registry:
        model = registry.build(config.model)
    model.init_weights()
    torch.save({**checkpoint, 'state_dict': model.state_dict()}, tmp_path / 'untrained.pth')
    shares = []
    for name in ('run/iter_4000.pth', 'untrained.pth'):
        mmrs('predict', CONFIG, name, 'data/scene.tif', '-o', f'out-{len(shares)}', cwd=tmp_path)
        shares.append(found(tmp_path / 'data/scene_boxes.gpkg', tmp_path / f'out-{len(shares)}/scene_boxes.gpkg'))
    assert shares[0] > 0.25 and shares[1] < 0.02, shares
