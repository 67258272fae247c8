"""``mmrs predict`` with an oriented detector, from the shell."""

import json
import subprocess
import sys

import numpy as np
import pyogrio
import rasterio
import shapely
import torch
from mmengine.config import Config
from rasterio.transform import from_origin
from tiny_rhino import build, config


def test_a_tiny_rhino_maps_a_scene_from_the_shell(tmp_path):
    names = ['ship', 'plane', 'harbor']
    pipeline = [dict(type='mmrs.LoadRaster'), dict(type='mmdet.PackDetInputs')]
    dataset = dict(type='DOTADataset', metainfo=dict(classes=names), pipeline=pipeline)
    scene = dict(tile=60, overlap=20, bands=[1, 2, 3], batch_size=2, score=0.0, merge_iou=0.3)
    Config(dict(default_scope='mmrotate', model=config(), scene=scene, test_dataloader=dict(dataset=dataset))).dump(
        tmp_path / 'rhino.py'
    )
    torch.manual_seed(0)
    torch.save({'state_dict': build().state_dict(), 'meta': {}}, tmp_path / 'rhino.pth')
    pixels = np.random.default_rng(0).integers(1, 255, (3, 90, 130), dtype=np.uint8)
    profile = dict(driver='GTiff', height=90, width=130, count=3, dtype='uint8', crs='EPSG:32633')
    with rasterio.open(tmp_path / 's.tif', 'w', transform=from_origin(5e5, 5e6, 0.5, 0.5), **profile) as file:
        file.write(pixels)
    command = [sys.executable, '-m', 'mmrs', 'predict', 'rhino.py', 'rhino.pth', 's.tif', '-o', 'out']
    done = subprocess.run([*command, '--device', 'cpu'], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 's.tif: 6 tiles' in done.stdout and 's_boxes.gpkg' in done.stdout
    assert sorted(p.name for p in (tmp_path / 'out').iterdir()) == ['s.json', 's_boxes.gpkg', 's_quicklook.png']
    meta, _, geometry, columns = pyogrio.raw.read(tmp_path / 'out' / 's_boxes.gpkg')
    assert meta['crs'] == 'EPSG:32633' and len(geometry) and set(columns[1]) <= set(names)
    assert (np.abs(columns[3]) <= np.pi / 2 + 1e-6).all() and (np.diff(columns[2]) <= 0).all()
    centres = shapely.centroid(shapely.from_wkb(geometry))
    assert shapely.contains(shapely.box(5e5, 5e6 - 45, 5e5 + 65, 5e6).buffer(1e-3), centres).all()
    record = json.loads((tmp_path / 'out' / 's.json').read_text())
    assert record['settings']['score'] == 0 and sum(row['count'] for row in record['classes']) == len(geometry)
