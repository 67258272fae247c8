"""Oriented detection as a user types it: synthetic data, training, a scene, boxes on the map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from box_files import boxes, mmrs
from PIL import Image

from mmrs.datasets.catalogue import get
from mmrs.datasets.synthetic import Plan, write_detection

NAMES = set(get('dota-v1.0').classes)
CONFIG = 'quickstart/resnet-18_rfcos_4k_synthetic-dota-128'


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
