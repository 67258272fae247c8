"""SkySense++ learns to segment by example: after the quickstart it beats answers that look at no pixel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmrs.apis.config import load_config
from mmrs.apis.train import train
from mmrs.cli.main import main

CONFIG = 'quickstart/skysensepp-tiny_msl_400_synthetic-mosaics-32'
MARGIN = 5.0  # per cent of mIoU


@pytest.mark.long
def test_an_example_is_followed(tmp_path: Path) -> None:
    root = tmp_path / 'data'
    assert main(['data', 'synth', str(root), '--gsd', '2', '--scene-size', '64']) == 0
    for split in ('train', 'val'):
        folders = ['--hr', str(root / 'img_dir' / split), '--labels', str(root / 'ann_dir' / split)]
        values = ['--set', 'synthetic', '--values', '0,1,2,3,4,5,6']
        assert main(['data', 'annotations', str(root / f'{split}.json'), *values, *folders]) == 0
    config = load_config(CONFIG, dict(data_root=str(root)))
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    train(config, work_dir=tmp_path / 'run')
    lines = next((tmp_path / 'run').glob('*/vis_data/scalars.json')).read_text().splitlines()
    scores = [json.loads(line) for line in lines if 'prompt/mIoU' in line][-1]
    blind = max(scores['prompt/copy'], scores['prompt/majority'])
    print(f'mIoU {scores["prompt/mIoU"]}, blind {blind}')
    assert scores['prompt/mIoU'] >= blind + MARGIN, scores
