"""The withdrawn heads of MaRS against arrays and shapes of the original, and in mmsegmentation."""

import json

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from reference import read

from mmrs.models.heads.mars_decoders import MaRSChangeDecoder, MaRSFCN, MaRSHeightDecoder
from mmrs.models.layers.decoder_block import DecoderBlock
from mmrs.registry import MODELS

WIDTHS = {'base': (128, 256, 512, 1024), 'large': (192, 384, 768, 1536)}
BUILD = {
    'MaRSFCN': lambda widths: MaRSFCN(widths, 2),
    'ChangeDecoder': lambda widths: MaRSChangeDecoder(widths[-1]),
    'Height': lambda widths: MaRSHeightDecoder(widths[-1]),
}


@pytest.mark.parametrize('name', ['head_decoderblock_seg', 'head_decoderblock_change'])
def test_published_block(name, fixtures_dir):
    reference = read(fixtures_dir / 'mars' / f'{name}.npz')
    block = DecoderBlock(16, 8).eval()
    block.load_state_dict(reference.sd)
    torch.testing.assert_close(block(reference.inputs['x']), reference.out['y'], atol=1e-5, rtol=0)


def test_published_segmentation_head(fixtures_dir):
    reference = read(fixtures_dir / 'mars/head_marsfcn.npz')
    model = MaRSFCN(reference.meta['meta']['filters'], 2).eval()
    model.load_state_dict(reference.sd)
    maps = [reference.inputs[f'f{index}'] for index in range(4)]
    torch.testing.assert_close(model(maps), reference.out['logits'], atol=1e-5, rtol=0)
    model.skips = True
    assert not torch.allclose(model(maps), reference.out['logits'])


@pytest.mark.parametrize('size', WIDTHS)
@pytest.mark.parametrize('name', BUILD)
def test_published_shapes(name, size, fixtures_dir):
    published = json.loads((fixtures_dir / 'mars/downstream_head_shapes.json').read_text())[f'{name}_{size}']
    with torch.device('meta'):
        state = BUILD[name](WIDTHS[size]).state_dict()
    assert {key: list(value.shape) for key, value in state.items()} == published


def maps_of(*widths, size=64):
    return tuple(torch.randn(2, width, size // 4 >> stage, size // 4 >> stage) for stage, width in enumerate(widths))


def samples(**fields):
    found = []
    for _ in range(2):
        sample = SegDataSample(metainfo={'img_shape': (64, 64), 'ori_shape': (64, 64)})
        for name, data in fields.items():
            setattr(sample, name, PixelData(data=data))
        found.append(sample)
    return found


@pytest.mark.parametrize(
    ('config', 'widths', 'channels'),
    [
        ({'type': 'mmrs.MaRSFCNHead', 'in_channels': [8, 16, 16, 32], 'num_classes': 3}, (8, 16, 16, 32), 3),
        ({'type': 'mmrs.MaRSFCNHead', 'in_channels': [8] * 4, 'num_classes': 3, 'skips': True}, (8,) * 4, 3),
        (
            {
                'type': 'mmrs.MaRSChangeHead',
                'in_channels': 32,
                'loss_decode': {'type': 'mmseg.CrossEntropyLoss', 'use_sigmoid': True},
            },
            (8, 16, 16, 32),
            1,
        ),
    ],
)
def test_segmentation_heads_learn_in_mmseg(config, widths, channels):
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope('mmseg'):
        head = MODELS.build(config)
    maps, labels = maps_of(*widths), samples(gt_sem_seg=torch.randint(0, 2, (1, 64, 64)))
    losses = head.loss(maps, labels, None)
    losses['loss_ce'].backward()
    assert all(p.grad is not None for p in head.parameters())
    assert head.predict(maps, [{'img_shape': (64, 64)}] * 2, None).shape == (2, channels, 64, 64)


def test_height_head_ignores_unknown_heights():
    head = MODELS.build({'type': 'mmrs.MaRSHeightHead', 'in_channels': 64}).eval()
    heights = torch.rand(1, 64, 64)
    heights[:, :32] = np.nan
    maps = maps_of(8, 16, 32, 64)
    losses = head.loss(maps, samples(gt_depth_map=heights), None)
    expected = (head(maps)[:, 0, 32:] - heights[0, 32:]).abs().mean()
    torch.testing.assert_close(losses['loss_height'], expected)
