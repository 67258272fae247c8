"""Change detection from pairs on disk to scores and pictures, through the calls behind the commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_change import paint_pairs

from mmrs.apis.config import load_config
from mmrs.apis.test import test as evaluate
from mmrs.apis.train import train

NAME = 'quickstart/unet-siam_fcn_600_synthetic-change-128'


def config(root: Path, **options: object) -> object:
    found = load_config(NAME, {
        'data_root': str(root), 'train_cfg.max_iters': 60, 'train_cfg.val_interval': 60,
        'train_dataloader.batch_size': 4, 'param_scheduler': [], 'model.decode_head.loss_decode.class_weight': None,
        'default_hooks.visualization.interval': 1, **options,
    })  # fmt: skip
    for step in found.train_dataloader.dataset.pipeline:
        if step.type == 'RandomCrop':
            step.crop_size = (64, 64)
    found.model.data_preprocessor.size = (64, 64)
    return found


def paint(root: Path) -> None:
    """Pairs whose later image is brighter on one half: what is brighter has changed."""
    paint_pairs(root, load_config(NAME), 128)  # a U-Net takes multiples of 16 at every scale of the views
    for path in root.glob('*/B/*.png'):
        label = np.asarray(Image.open(path.parents[1] / 'label' / path.name))
        before = np.asarray(Image.open(path.parents[1] / 'A' / path.name)) // 4
        Image.fromarray(before).save(path.parents[1] / 'A' / path.name)
        Image.fromarray(before + (label[..., None] // 255 * 150).astype(np.uint8)).save(path)


@pytest.fixture(scope='module')
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('change')
    paint(folder / 'data')
    settings = config(folder / 'data')
    settings.work_dir = str(folder / 'run')
    train(settings)
    return folder


@pytest.mark.parametrize('tta', [False, True])
def test_it_learns_and_is_tested_with_and_without_views(run: Path, tta: bool) -> None:
    shown = None if tta else run / 'pictures'
    scores = evaluate(
        config(run / 'data'), run / 'run/iter_60.pth', work_dir=run / f'test-{tta}', show_dir=shown, tta=tta
    )
    # All "changed" has an F1 of 0.67 here.
    assert scores['change/F1'] > 0.8 and scores['change/OA'] > 0.8, scores
    if shown:
        pictures = sorted(shown.rglob('*.png'))
        assert len(pictures) == 2
        assert np.asarray(Image.open(pictures[0])).shape == (128, 3 * 128 + 2 * 4, 3), 'both dates and the coded map'
