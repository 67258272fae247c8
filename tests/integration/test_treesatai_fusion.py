"""TreeSatAI with all three modalities, from real files through SkySense++'s fusion to a multi-label score."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmrs.apis.config import load_config
from mmrs.apis.train import train

SENTINEL = dict(size=dict(embed_dims=16, num_layers=2, num_heads=2), img_size=8)
HR = dict(arch=dict(embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 4)), attention_dims=())


@pytest.mark.parametrize('kind', ['linear', 'linearft'])
def test_one_epoch_on_real_plots(kind: str, data_dir: Path, tmp_path: Path) -> None:
    options = dict(data_root=str(data_dir / 'treesatai'))
    config = load_config(f'skysensepp/skysensefused-huge_{kind}_100e_treesatai-304', options)
    fusion = dict(embed_dims=16, num_layers=1, num_heads=2)
    backbone = dict(backbone_hr=HR, backbone_s2=SENTINEL, backbone_s1=SENTINEL, fusion=fusion, init_cfg=None)
    config.model.backbone.update(backbone)
    config.model.head.in_channels = 16
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False, batch_size=2)
        loader.dataset.split = None  # four plots, no lists
        loader.dataset.pipeline[0].files.s2.dates = loader.dataset.pipeline[0].files.s1.dates = 2
    config.train_cfg.update(max_epochs=1)
    config.work_dir = str(tmp_path)
    train(config)
    text = next(tmp_path.glob('*/*.log')).read_text()
    assert 'multi-label/mAP' in text and 'loss: nan' not in text and (tmp_path / 'epoch_1.pth').is_file()
