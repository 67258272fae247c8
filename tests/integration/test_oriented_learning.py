"""A small detector of oriented boxes learns from synthetic scenes, and goes on from there to real ships.

Each part takes minutes: the quickstart as it is, then 600 iterations on the west of two images of DOTA.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from box_files import found
from box_files import mmrs as run_mmrs
from mmengine.registry import MODELS
from real_samples import dota_parts

import mmrs.registry  # noqa: F401
from mmrs.apis.config import load_config
from mmrs.apis.test import test as evaluate
from mmrs.apis.train import train

pytestmark = pytest.mark.long
CONFIG = 'quickstart/resnet-18_rfcos_4k_synthetic-dota-128'
SHIPS = 'quickstart/resnet-18_rfcos_600_dota-128'


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with synthetic ``data`` and the checkpoint of a ``run`` on them."""
    folder = tmp_path_factory.mktemp('synthetic')
    data = ('data', 'synth', 'data', '--task', 'detection', '--layout', 'dota')
    run_mmrs(*data, '--train', 240, '--val', 16, '--scene-size', 1024, cwd=folder)
    run_mmrs('train', CONFIG, '--work-dir', 'run', '--cfg-options', 'data_root=data', cwd=folder)
    return folder


def test_a_trained_model_finds_what_an_untrained_one_does_not(trained: Path, tmp_path: Path) -> None:
    checkpoint = torch.load(trained / 'run/iter_4000.pth', weights_only=False)
    with MODELS.switch_scope_and_registry('mmrotate') as registry:
        model = registry.build(load_config(CONFIG).model)
    model.init_weights()
    torch.save({**checkpoint, 'state_dict': model.state_dict()}, tmp_path / 'untrained.pth')
    shares = []
    for number, weights in enumerate((trained / 'run/iter_4000.pth', tmp_path / 'untrained.pth')):
        run_mmrs('predict', CONFIG, weights, trained / 'data/scene.tif', '-o', f'out-{number}', cwd=tmp_path)
        shares.append(found(trained / 'data/scene_boxes.gpkg', tmp_path / f'out-{number}/scene_boxes.gpkg'))
    assert shares[0] > 0.25 and shares[1] < 0.02, shares


def test_it_goes_on_to_real_ships(trained: Path, data_dir: Path, tmp_path: Path) -> None:
    """Tested on the east of the images; what it learned from synthetic ones alone finds next to nothing there."""
    dota_parts(data_dir, tmp_path / 'data', 'ship')
    config = load_config(SHIPS, {'data_root': str(tmp_path / 'data')})
    config.train_dataloader.update(num_workers=0, persistent_workers=False)
    checkpoint = trained / 'run/iter_4000.pth'
    before = evaluate(config, checkpoint, work_dir=tmp_path / 'before')['dota/AP50']
    config.load_from = str(checkpoint)
    train(config, work_dir=tmp_path / 'run', validate=False)
    after = evaluate(config, tmp_path / 'run/iter_600.pth', work_dir=tmp_path / 'after')['dota/AP50']
    assert after >= before + 0.3, (before, after)
