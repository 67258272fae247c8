"""Backbones that were pre-trained without labels know more about held-out labels than random ones."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest
from tiny_run import REPOSITORY

from mmrs.apis.config import load_config
from mmrs.apis.train import train

WRITE = runpy.run_path(str(REPOSITORY / 'tools/data/places.py'))['write']
SCORES = ('probe/knn', 'probe/linear')
# Three seeds gained 6.3 to 7.9 (neighbours) and 6.0 to 8.3 (linear) points in two processes.
MARGIN = 0.03


@pytest.mark.long
def test_real_places_teach_scenes(data_dir: Path, tmp_path: Path) -> None:
    """The quickstart, scored on scenes of AID that neither stage has seen."""
    WRITE(data_dir, tmp_path / 'places')
    probe = {f'default_hooks.probe.{split}': str(data_dir / 'aid_rsicd' / split) for split in ('train', 'val')}
    options = {'train_dataloader.dataset.data_root': str(tmp_path / 'places'), **probe}
    config = load_config('quickstart/cgeartheye-tiny_ssl_300_places-64', options)
    config.randomness = dict(seed=0)
    train(config, work_dir=tmp_path / 'run')
    (log,) = (tmp_path / 'run').glob('*/vis_data/scalars.json')
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    looks, steps = ([row for row in rows if name in row] for name in ('probe/knn', 'loss_image'))
    assert looks[0]['step'] == 0 and looks[-1]['step'] == 300
    for score in SCORES:
        assert looks[-1][score] >= looks[0][score] + MARGIN, [look[score] for look in looks]
    assert looks[-1]['probe/rank'] > looks[0]['probe/rank']
    assert steps[-1]['loss'] < steps[0]['loss'] and steps[-1]['feature_std'] > 0.5
