"""Every config: its name, its length, and what those of segmentation and change detection build."""

from __future__ import annotations

import re

import pytest
from mmengine.config import Config

import mmrs.registry  # noqa: F401
from mmrs.apis.config import config_root, list_configs, load_config
from mmrs.apis.zoo import read_zoo
from mmrs.apis.zoo.check import build_on_meta
from mmrs.weights.catalogue import CATALOGUE

EVERY = list_configs()
DENSE = ('segmentation', 'change detection')
# Those of other tasks, and the variants that train the backbone too, are tested beside this file.
CONFIGS = [
    record.config for record in read_zoo() if record.data.task in DENSE and not re.search('(lora|ft)_', record.config)
]
NAME = re.compile(r'[a-z0-9]+-[a-z0-9]+_[a-z0-9]+_[0-9]+[ke]?_[a-z0-9-]+-[0-9]+\.py')


def depth(config: Config) -> int:
    size = config.model.backbone.size
    return size['num_layers'] if isinstance(size, dict) else dict(small=12, base=12, large=24, huge=32, giant=40)[size]


@pytest.mark.parametrize('name', EVERY)
def test_leaves_are_short_named_by_the_rule_and_say_what_they_are(name: str) -> None:
    path = config_root() / name
    text = path.read_text()
    assert NAME.fullmatch(path.name), '{model}-{size}_{head}_{schedule}_{dataset}-{pixels}.py'
    assert len(text.splitlines()) <= 30
    assert text.startswith('"""')
    if not name.startswith('quickstart/'):
        assert 'Never trained here' in text


def test_no_config_downloads_from_a_dead_hub() -> None:
    for path in config_root().rglob('*.py'):
        assert 'openmmlab' not in path.read_text().lower(), path


@pytest.mark.parametrize('name', CONFIGS)
def test_parses_and_builds_without_memory(name: str) -> None:
    config = load_config(name)
    assert set(config.scene) == {'tile', 'overlap', 'bands', 'batch_size'}
    assert config.train_dataloader.dataset.data_root == config.data_root
    model = build_on_meta(config)
    assert model.decode_head.num_classes >= 2
    if name.startswith('quickstart'):
        return
    trained = [key for key, value in model.named_parameters() if value.requires_grad]
    backbone = config.model.backbone
    if name.startswith('cgeartheye'):
        assert trained and not any(key.startswith('backbone.') for key in trained)
        assert backbone.out_indices[-1] + 1 == depth(config) == backbone.frozen_stages
        assert f'-{backbone.size}_' in name and backbone.init_cfg.checkpoint == f'cgeartheye-{backbone.size}-518'
    else:
        assert len(trained) == len(list(model.parameters()))
        if name.startswith('baselines/unet'):
            assert 'init_cfg' not in backbone
            return
        if name.startswith('baselines'):
            assert backbone.init_cfg.checkpoint == 'torchvision://resnet50'
            return
        files = backbone.get('weights', None) or {'all': backbone.init_cfg.checkpoint}
        assert set(files.values()) <= set(CATALOGUE)
        assert f'-{backbone.get("size", None) or backbone.arch}_' in name


def test_giant_decoder_has_the_published_size() -> None:
    config = load_config('cgeartheye/cgeartheye-giant_upernet_160k_isaid-518')
    model = build_on_meta(config)
    count = {key: sum(p.numel() for p in part.parameters()) for key, part in model.named_children()}
    assert count['backbone'] == 1_136_479_232 and count['neck'] == 94_384_128
    assert abs(count['decode_head'] - 38.56e6) < 1e4 and abs(count['auxiliary_head'] - 3.54e6) < 1e4


@pytest.mark.parametrize('size', ['giant', 'small'])
@pytest.mark.parametrize('pixels', [518, 224])
def test_neck_scales_are_those_of_the_paper(size: str, pixels: int) -> None:
    neck = load_config(f'cgeartheye/cgeartheye-{size}_upernet_160k_isaid-518').model.neck
    grid = pixels // 14
    assert [int(grid * scale) for scale in neck.scales] == {518: [148, 74, 37, 18], 224: [64, 32, 16, 8]}[pixels]
