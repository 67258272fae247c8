"""BAN against published arrays, and its contract: frozen model, own resolution, gradients in the adapter only."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.models.necks import MultiLevelNeck
from mmseg.structures import SegDataSample

from mmrs.errors import ConfigError
from mmrs.models.change import BAN, BANMLPDecoder, BitemporalAdapter
from mmrs.registry import MODELS

BN = dict(type='BN', requires_grad=True)
SIDE = dict(
    type='mmseg.MixVisionTransformer', embed_dims=8, num_layers=[1, 1, 1, 1], num_heads=[1, 2, 4, 8],
    patch_sizes=[7, 3, 3, 3], sr_ratios=[8, 4, 2, 1], drop_path_rate=0.1,
)  # fmt: skip


@pytest.fixture
def reference(fixtures_dir):
    """Arrays, weights of adapter and decoder, and the settings of both."""
    with np.load(fixtures_dir / 'cgeartheye/ban_head.npz') as file:
        arrays = {key: torch.from_numpy(file[key]) for key in file.files if key != 'meta_json'}
        meta = json.loads(str(file['meta_json']))
    branch, decoder = (
        {key[len(kind) :]: value for key, value in arrays.items() if key.startswith(kind)}
        for kind in ('branch/', 'dec/')
    )
    return arrays, branch, decoder, meta


def tiny(**options):
    return MODELS.build(dict(
        type='mmrs.BAN', encoder_resolution=(56, 56),
        backbone=dict(
            type='mmrs.CGEarthEye', size=dict(embed_dims=24, num_layers=4, num_heads=3), img_size=56,
            out_indices=(0, 1, 2, 3), drop_path_rate=0.5,
        ),
        decode_head=dict(
            type='mmrs.BitemporalAdapterHead', ban_cfg=dict(clip_channels=24, side_encoder=SIDE),
            ban_dec_cfg=dict(in_channels=[8, 16, 32, 64], channels=16, norm_cfg=BN),
            loss_decode=dict(type='mmseg.CrossEntropyLoss', loss_weight=1.0),
        ),
        train_cfg=dict(), test_cfg=ConfigDict(mode='whole'),
    ) | options)  # fmt: skip


def described(*size):
    meta = dict(img_shape=size, ori_shape=size, pad_shape=size, padding_size=[0] * 4)
    return SegDataSample(metainfo=meta, gt_sem_seg=PixelData(data=torch.randint(0, 2, (1, *size))))


def labelled(number):
    return [described(64, 64) for _ in range(number)]


def test_published_adapter_and_decoder(reference):
    arrays, branch, decoder, meta = reference
    adapter = BitemporalAdapter(meta['clip_channels'], meta['side_encoder'], meta['fusion_index']).eval()
    adapter.load_state_dict(branch)
    head = BANMLPDecoder(**meta['dec'], norm_cfg=BN).eval()
    head.load_state_dict(decoder)
    with torch.no_grad():
        maps = {
            date: adapter(arrays[f'img_{date}'], [arrays[f'fm_{date}{index}'] for index in range(4)])
            for date in ('from', 'to')
        }
        logits = head([torch.cat(pair) for pair in zip(maps['from'], maps['to'], strict=True)])
    for date, found in maps.items():
        for index, value in enumerate(found):
            torch.testing.assert_close(value, arrays[f'side_{date}{index}'], atol=1e-5, rtol=0)
    torch.testing.assert_close(logits, arrays['logits'], atol=1e-5, rtol=0)


def test_published_multi_level_neck(fixtures_dir):
    with np.load(fixtures_dir / 'cgeartheye/multilevel_neck.npz') as file:
        arrays = {key: torch.from_numpy(file[key]) for key in file.files if key != 'meta_json'}
        options = json.loads(str(file['meta_json']))['cfg']
    neck = MultiLevelNeck(**options).eval()
    neck.load_state_dict({key[3:]: value for key, value in arrays.items() if key.startswith('sd/')})
    for index, value in enumerate(neck([arrays[f'in{index}'] for index in range(4)])):
        torch.testing.assert_close(value, arrays[f'out{index}'], atol=1e-5, rtol=0)


def test_both_dates_in_one_batch_are_the_dates_apart():
    model = tiny().eval()
    before, after = torch.randn(2, 3, 64, 64), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        found = model(torch.cat([before, after], dim=1))
        adapter = model.decode_head.side_adapter_network
        apart = []
        for image in (before, after):
            small = torch.nn.functional.interpolate(image, size=(56, 56), mode='bilinear', align_corners=False)
            apart.append(adapter(image, model.backbone(small)))
        logits = model.decode_head.mask_decoder([torch.cat(pair) for pair in zip(*apart, strict=True)])
    assert found.shape == (2, 2, 16, 16)
    torch.testing.assert_close(found, logits, atol=1e-5, rtol=0)


def test_the_frozen_model_stays_still_and_the_rest_learns():
    model = tiny()
    model.init_weights()
    model.train()
    assert not model.backbone.training and model.decode_head.training
    inputs = torch.randn(2, 6, 64, 64)
    first, second = (model.extract_feat(inputs).maps for _ in range(2))
    assert all(torch.equal(x, y) for x, y in zip(first, second, strict=True)), 'DropPath is off'
    losses = model.loss(inputs, labelled(2))
    losses['decode.loss_ce'].backward()
    assert all(value.grad is None for value in model.backbone.parameters())
    missing = [name for name, value in model.decode_head.named_parameters() if value.grad is None]
    assert missing == []


def test_full_fine_tuning_is_an_option():
    model = tiny(freeze_backbone=False)
    model.train()
    model.loss(torch.randn(2, 6, 64, 64), labelled(2))['decode.loss_ce'].backward()
    assert model.backbone.training and model.backbone.patch_embed.proj.weight.grad.abs().sum() > 0


@pytest.mark.parametrize('test_cfg', [dict(mode='whole'), dict(mode='slide', crop_size=(64, 64), stride=(32, 32))])
def test_prediction_has_the_size_of_the_image(test_cfg):
    model = tiny(test_cfg=ConfigDict(test_cfg)).eval()
    with torch.no_grad():
        (sample,) = model.predict(torch.randn(1, 6, 96, 80), [described(96, 80)])
    assert sample.pred_sem_seg.data.shape == (1, 96, 80)


def test_published_size_of_the_adapter():
    side = dict(SIDE, embed_dims=64, num_layers=[3, 4, 6, 3], num_heads=[1, 2, 5, 8])
    with torch.device('meta'):
        adapter = BitemporalAdapter(1536, side)
        head = BANMLPDecoder([64, 128, 320, 512], 128)
    count = {name: sum(p.numel() for p in part.parameters()) for name, part in adapter.named_children()}
    assert abs(count['side_encoder'] - 24.20e6) < 1e4 and abs(count['conv_clips'] - 1.59e6) < 1e4
    assert abs(count['clip_attns'] - 1.56e6) < 1e4 and abs(sum(p.numel() for p in head.parameters()) - 0.33e6) < 1e4


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match='3 maps'):
        BitemporalAdapter(24, SIDE, fusion_index=(0, 1, 2))
    assert isinstance(tiny(), BAN)
    with pytest.raises(ConfigError, match='5 channels'):
        tiny().eval()(torch.zeros(1, 5, 64, 64))
