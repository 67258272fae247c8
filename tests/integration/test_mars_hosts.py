"""The configs of docs/mars.md train two iterations on real pairs of optical and SAR images, with fewer blocks."""

import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from integration.test_skysense_hosts import SIDE, read, sample_of
from mmcv.transforms import TRANSFORMS
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from reference import randomise

import mmrs  # noqa: F401  (supplies mmcv's operators before a host imports them)
from mmrs.models import MaRS
from mmrs.weights.convert import KeyFormat, from_mmrs

PAGE = Path(__file__).parents[2] / 'docs' / 'mars.md'
SNIPPETS: dict[str, str] = dict(re.findall(r'```python title="(\w+)"\n(.*?)```', PAGE.read_text(), flags=re.DOTALL))
NORMALISE = Config.fromstring(SNIPPETS.pop('pipeline'), '.py').normalise
SMALL = {'embed_dims': 16, 'depths': (1, 2, 1, 1), 'num_heads': (1, 2, 4, 8)}
WIDTHS = [16, 32, 64, 128]


def pairs(folder):
    """Two crops of M4-SAR around labelled objects: (H, W, 4), a mask and oriented boxes."""
    for name in ('28232', '73511'):
        lines = (folder / 'm4sar' / 'labelTxt' / f'{name}.txt').read_text().split('\n')
        corners = np.array([line.split()[:8] for line in lines if line], dtype=float).reshape(-1, 4, 2)
        left, top = (min(max(int(value) - SIDE // 2, 0), 512 - SIDE) for value in corners[0].mean(0))
        window = ((top, top + SIDE), (left, left + SIDE))
        optical, sar = (read(folder / 'm4sar' / kind / f'{name}.tif', window) for kind in ('optical', 'sar'))
        corners = corners - (left, top)
        inside = corners[((corners >= 0) & (corners < SIDE)).all((1, 2))]
        edges = np.diff(inside[:, :3], axis=1)
        angles = np.arctan2(edges[:, 0, 1], edges[:, 0, 0])[:, None]
        boxes = np.concatenate([inside.mean(1), np.linalg.norm(edges, axis=2), angles], axis=1)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        for (x0, y0), (x1, y1) in zip(inside.min(1).astype(int), inside.max(1).astype(int), strict=True):
            mask[y0 : y1 + 1, x0 : x1 + 1] = 1
        yield np.concatenate([optical, sar[:1]]).transpose(1, 2, 0), mask, boxes


def images_for(host, image):
    """As it is where the preprocessor normalises, SAR alone for mmpretrain; else after the page's transform."""
    if host in ('mmpretrain', 'mmseg'):
        return torch.from_numpy(image.transpose(2, 0, 1)[3 if host == 'mmpretrain' else 0 :].copy())
    stack = TRANSFORMS.build(dict(NORMALISE))({'img': image})['img']
    expected = (image - np.array(NORMALISE.mean)) / np.array(NORMALISE.std)
    np.testing.assert_allclose(stack, expected, atol=1e-4)
    return torch.from_numpy(stack.transpose(2, 0, 1).copy())


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """Files in the released form, of small encoders."""
    folder, files = tmp_path_factory.mktemp('weights'), {}
    for name in ('rgb', 'sar'):
        files[name] = str(folder / f'mars_small_{name}_encoder_only.pth')
        torch.save(from_mmrs(randomise(MaRS(SMALL, name), 0.05).state_dict(), KeyFormat.MARS), files[name])
    return files


def small_model(host, folder, weights):
    """The page's config with small encoders, released files for them, and heads of their widths."""
    path = folder / 'mine.py'
    path.write_text(SNIPPETS[host])
    config = Config.fromfile(path)
    model = config.model
    model.backbone.update(size=SMALL, drop_path_rate=0.0)
    if host == 'mmpretrain':
        model.backbone.init_cfg.checkpoint = weights['sar']
        model.head.update(in_channels=WIDTHS[-1], num_classes=2, topk=(1,))
        model.data_preprocessor.num_classes = 2
        return config
    model.backbone.weights = weights
    model.backbone.modality_dropout = 0.0
    if host == 'mmseg':
        model.data_preprocessor.size = (SIDE, SIDE)
        model.decode_head.update(in_channels=WIDTHS, channels=16, num_classes=2)
        return config
    preprocessor = config.get('data_preprocessor')
    if preprocessor is not None:
        model.setdefault('data_preprocessor', preprocessor)
    model.neck.update(in_channels=WIDTHS, out_channels=16)
    model.rpn_head.update(in_channels=16, feat_channels=16)
    model.roi_head.bbox_roi_extractor.out_channels = 16
    model.roi_head.bbox_head.update(in_channels=16, fc_out_channels=32, num_classes=2)
    return config


@pytest.mark.parametrize('host', sorted(SNIPPETS))
def test_two_iterations_on_real_pairs(host, data_dir, tmp_path, weights):
    config = small_model(host, tmp_path, weights)
    loaded = list(pairs(data_dir))
    images = [images_for(host, image) for image, _, _ in loaded]
    samples = [sample_of(host, mask, boxes) for _, mask, boxes in loaded]
    data = {'inputs': torch.stack(images) if host == 'mmpretrain' else images, 'data_samples': samples}
    with DefaultScope.overwrite_default_scope(config.get('default_scope', host)):
        import_module(f'{host}.models')
        model = revert_sync_batchnorm(import_module(f'{host}.registry').MODELS.build(config.model)).train()
        model.init_weights()
        loaded_weights = torch.load(weights['sar'], weights_only=True)['layers_2.blocks.0.attn.qkv.weight']
        encoder = model.backbone if host == 'mmpretrain' else model.backbone.encoders['sar']
        assert torch.equal(encoder.layers[2].blocks[0].attn.qkv.weight, loaded_weights)
        optimiser = build_optim_wrapper(model, config.optim_wrapper)
        before = {key: value.clone() for key, value in model.backbone.named_parameters()}
        losses = [model.train_step(data, optimiser)['loss'].item() for _ in range(2)]
        with torch.no_grad():
            predictions = model.eval().test_step(data)
    assert np.isfinite(losses).all() and losses[0] != losses[1]
    assert len(predictions) == 2
    same = {key for key, value in model.backbone.named_parameters() if torch.equal(value, before[key])}
    frozen = {key for key, value in model.backbone.named_parameters() if not value.requires_grad}
    assert same == frozen and bool(frozen) == (host == 'mmpretrain')


def test_every_host_is_on_the_page():
    assert sorted(SNIPPETS) == ['mmdet', 'mmpretrain', 'mmrotate', 'mmseg']
