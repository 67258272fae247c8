"""Loading a trained segmentor for scene mapping: channel order, classes, and what does not fit."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmrs.apis.model import load_model
from mmrs.apis.scene_model import SceneModel, default_palette
from mmrs.datasets.catalogue import CATALOGUE
from mmrs.errors import ConfigError, WeightsError

CONFIG = """
default_scope = 'mmseg'
crop_size = (32, 32)
classes = ('water', 'forest', 'road')
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor', mean=[120., 110., 100.], std=[50., 55., 60.], bgr_to_rgb=True, size=crop_size),
    backbone=dict(
        type='ResNet', depth=18, base_channels=4, stem_channels=4, num_stages=1, out_indices=(0,), strides=(1,),
        dilations=(1,), norm_cfg=dict(type='BN')),
    decode_head=dict(
        type='FCNHead', in_channels=4, channels=4, num_convs=1, num_classes=3, norm_cfg=dict(type='BN'),
        loss_decode=dict(type='CrossEntropyLoss')),
    auxiliary_head=dict(
        type='FCNHead', in_channels=4, channels=4, num_convs=1, num_classes=3, norm_cfg=dict(type='BN')),
    train_cfg=dict(), test_cfg=dict(mode='slide', crop_size=crop_size, stride=(16, 16)))
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
test_dataloader = dict(dataset=dict(metainfo=dict(classes=classes, palette=[[0, 0, 200], [0, 150, 0], [90, 90, 90]])))
"""


@pytest.fixture
def trained(tmp_path):
    """A config and a checkpoint as training leaves them: the auxiliary head is saved too."""
    config = tmp_path / 'config.py'
    config.write_text(CONFIG)
    return config, save(config, tmp_path / 'model.pth')


def build(config):
    from mmengine.registry import MODELS

    cfg = Config.fromfile(config)
    with MODELS.switch_scope_and_registry('mmseg') as registry:
        return registry.build(cfg.model).eval()


def save(config, path, **meta):
    torch.manual_seed(1)
    torch.save({'state_dict': build(config).state_dict(), 'meta': meta}, path)
    return path


def test_prediction_stores_no_features(tmp_path) -> None:
    config = tmp_path / 'config.py'
    size = 'embed_dims=24, num_layers=2, num_heads=3'
    vit = f"dict(type='mmrs.CGEarthEye', size=dict({size}), img_size=28, frozen_stages=2)"
    wrapped = f"dict(type='mmrs.CachedFeatures', backbone={vit}, cache_dir='{tmp_path / 'cache'}')"
    before, _, after = CONFIG.replace('in_channels=4', 'in_channels=24').partition("dict(\n        type='ResNet'")
    after = after.partition("norm_cfg=dict(type='BN')),")[2]
    config.write_text(f'{before}{wrapped},{after}')
    model = load_model(config, save(config, tmp_path / 'model.pth'))
    model.network(torch.zeros(1, 3, 28, 28))
    assert not list((tmp_path / 'cache').rglob('*.safetensors'))


def test_settings_come_from_the_config(trained) -> None:
    model = load_model(*trained)
    assert model.classes == ('water', 'forest', 'road') and model.palette[0] == (0, 0, 200)
    assert (model.tile, model.overlap, model.channels, model.bands) == (32, 8, 3, None)
    assert model.identity['checkpoint_sha256'] and model.identity['checkpoint'].endswith('model.pth')


def test_scene_settings_win(trained) -> None:
    config, checkpoint = trained
    config.write_text(CONFIG + 'scene = dict(tile=48, overlap=6, bands=[3, 2, 1], batch_size=2)')
    model = load_model(config, checkpoint)
    assert (model.tile, model.overlap, model.bands, model.batch_size) == (48, 6, [3, 2, 1], 2)
    with pytest.raises(ConfigError, match='tiles'):
        load_model(config, checkpoint, cfg_options={'scene.tiles': 48})


def test_classes_of_the_catalogue(trained, tmp_path) -> None:
    config, checkpoint = trained
    text = Path(config).read_text().split('test_dataloader =')[0]
    cropland = "test_dataloader = dict(dataset=dict(type='mmrs.CatalogueSegDataset', name='cropland'))"
    path = tmp_path / 'catalogue.py'
    path.write_text(text + cropland)
    assert load_model(path, checkpoint).classes == ('class 0', 'class 1', 'class 2')  # it has two
    path.write_text(text + cropland.replace('cropland', 'mock'))
    with pytest.MonkeyPatch.context() as patch:
        record = replace(CATALOGUE['cropland'], classes=('x', 'y', 'z'), palette=((1, 1, 1),) * 3)
        patch.setattr('mmrs.apis.model.CATALOGUE', {'mock': record})
        model = load_model(path, checkpoint)
    assert model.classes == ('x', 'y', 'z') and model.palette[0] == (1, 1, 1)


def test_classes_of_training_win(trained, tmp_path) -> None:
    config, _ = trained
    checkpoint = save(config, tmp_path / 'named.pth', dataset_meta={'classes': ('a', 'b', 'c')})
    assert load_model(config, checkpoint).classes == ('a', 'b', 'c')


@pytest.mark.parametrize('loader', ['LoadImageFromFile', 'LoadSingleRSImageFromFile'])
@pytest.mark.parametrize('bgr_to_rgb', [True, False])
def test_logits_are_those_of_the_test_pipeline(trained, tmp_path, loader, bgr_to_rgb) -> None:
    """A raster's red band must meet the weights that training showed red to, whatever the config swaps."""
    config, checkpoint = trained
    model = load_model(
        config,
        checkpoint,
        cfg_options={
            'model.data_preprocessor.bgr_to_rgb': bgr_to_rgb,
            'test_pipeline': [{'type': loader}],
        },
    )
    rgb = torch.randint(0, 255, (2, 3, 32, 32), dtype=torch.uint8)
    loaded = rgb.flip(1) if loader == 'LoadImageFromFile' else rgb  # what the pipeline's loader would hand over
    segmentor = model.network.segmentor
    inputs = segmentor.data_preprocessor({'inputs': list(loaded)})['inputs']
    with torch.no_grad():
        expected = segmentor.encode_decode(inputs, [{'img_shape': inputs.shape[2:]}] * 2)
    assert torch.allclose(model(rgb), expected, atol=1e-5)
    assert model(rgb).shape == (2, 3, 32, 32)


def test_fill_is_zero_after_normalisation(trained) -> None:
    model = load_model(*trained)
    seen = []
    model.network = lambda pixels: seen.append(pixels) or torch.zeros(1, 3, 4, 4)
    model(torch.tensor(model.fill).view(1, 3, 1, 1).expand(1, 3, 4, 4))
    assert torch.allclose(seen[0], torch.zeros(1, 3, 4, 4), atol=1e-6)


def test_bf16_is_close(trained) -> None:
    pixels = torch.randint(0, 255, (1, 3, 32, 32), dtype=torch.uint8)
    full, half = load_model(*trained)(pixels), load_model(*trained, autocast=torch.bfloat16)(pixels)
    assert half.dtype == torch.float32 and torch.allclose(full, half, atol=0.05 * full.abs().max())


def test_single_logit_follows_the_threshold() -> None:
    model = SceneModel(lambda pixels: pixels[:, :1], ['background', 'ship'], channels=1, threshold=0.3)
    logits = model(torch.tensor([0.29, 0.31]).logit().view(1, 1, 1, 2))
    assert logits.argmax(1).flatten().tolist() == [0, 1]


def test_missing_files_are_named(trained, tmp_path) -> None:
    config, checkpoint = trained
    with pytest.raises(ConfigError, match='none.py'):
        load_model(tmp_path / 'none.py', checkpoint)
    with pytest.raises(WeightsError, match='none.pth'):
        load_model(config, tmp_path / 'none.pth')


def test_broken_configs_are_refused(trained, tmp_path) -> None:
    _, checkpoint = trained
    for text, match in (('model = (', 'SyntaxError'), ('a = 1', 'no `model`'), ("model = dict(type='Nope')", 'Nope')):
        (tmp_path / 'broken.py').write_text(text)
        with pytest.raises(ConfigError, match=match):
            load_model(tmp_path / 'broken.py', checkpoint)


def test_checkpoint_of_another_model_names_its_keys(trained, tmp_path) -> None:
    config, _ = trained
    other = tmp_path / 'other.pth'
    torch.save({'state_dict': torch.nn.Linear(2, 2).state_dict()}, other)
    with pytest.raises(WeightsError, match=r'missing \(backbone.*unexpected \(bias'):
        load_model(config, other)


def test_checkpoint_of_another_width_names_its_keys(trained, tmp_path) -> None:
    config, checkpoint = trained
    with pytest.raises(WeightsError, match=r'another shape \(decode_head.conv_seg'):
        load_model(config, checkpoint, cfg_options={'model.decode_head.num_classes': 5})


def test_pickle_with_code_is_refused(trained, tmp_path) -> None:
    class Code:
        def __reduce__(self):
            return (open, (str(tmp_path / 'owned'), 'w'))

    evil = tmp_path / 'evil.pth'
    evil.write_bytes(pickle.dumps({'state_dict': Code()}))
    with pytest.raises(WeightsError):
        load_model(trained[0], evil)
    assert not (tmp_path / 'owned').exists()


def test_unknown_device_is_refused(trained) -> None:
    with pytest.raises(ConfigError, match='cuda:99'):
        load_model(*trained, device='cuda:99')


def test_default_colours_differ() -> None:
    assert len(set(default_palette(40))) == 40
    assert np.array(default_palette(40)).max() <= 255
