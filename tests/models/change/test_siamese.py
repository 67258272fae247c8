"""Siamese encoder-decoder: fusion policies, one backbone for both dates, and MaRS' change head on it."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmrs.errors import ConfigError
from mmrs.registry import MODELS

FUSED = {
    'concat': lambda x, y: torch.cat([x, y], dim=1),
    'sum': lambda x, y: x + y,
    'diff': lambda x, y: y - x,
    'abs_diff': lambda x, y: abs(x - y),
}


def tiny(fusion='concat', **options):
    width = 32 if fusion == 'concat' else 16
    return MODELS.build(dict(
        type='mmrs.SiamEncoderDecoder', fusion=fusion,
        backbone=dict(
            type='mmrs.CGEarthEye', size=dict(embed_dims=24, num_layers=4, num_heads=3), img_size=56,
            out_indices=(0, 1, 2, 3), frozen_stages=4,
        ),
        neck=dict(type='mmseg.MultiLevelNeck', in_channels=[24] * 4, out_channels=16, scales=[4, 2, 1, 0.5]),
        decode_head=dict(
            type='mmseg.UPerHead', in_channels=[width] * 4, in_index=[0, 1, 2, 3], channels=16, num_classes=2,
            loss_decode=dict(type='mmseg.CrossEntropyLoss'),
        ),
        auxiliary_head=dict(
            type='mmseg.FCNHead', in_channels=width, in_index=3, channels=8, num_convs=1, num_classes=2,
            loss_decode=dict(type='mmseg.CrossEntropyLoss', loss_weight=0.4),
        ),
        train_cfg=dict(), test_cfg=ConfigDict(mode='whole'),
    ) | options)  # fmt: skip


def samples(number, size):
    shape = (size, size)
    meta = dict(img_shape=shape, ori_shape=shape, pad_shape=shape, padding_size=[0] * 4)
    label = PixelData(data=torch.randint(0, 2, (1, *shape)))
    return [SegDataSample(gt_sem_seg=label, metainfo=meta) for _ in range(number)]


@pytest.mark.parametrize('fusion', FUSED)
def test_maps_are_those_of_each_date_joined(fusion):
    model = tiny(fusion).eval()
    before, after = torch.randn(2, 3, 56, 56), torch.randn(2, 3, 56, 56)
    with torch.no_grad():
        joined = model.extract_feat(torch.cat([before, after], dim=1))
        apart = [model.neck(model.backbone(image)) for image in (before, after)]
    assert [tuple(level.shape[2:]) for level in joined] == [(16, 16), (8, 8), (4, 4), (2, 2)]
    for level, x, y in zip(joined, *apart, strict=True):
        torch.testing.assert_close(level, FUSED[fusion](x, y), atol=1e-5, rtol=0)


@pytest.mark.parametrize('fusion', FUSED)
def test_learns_to_see_change(fusion):
    model = tiny(fusion)
    model.train()
    losses = model.loss(torch.randn(2, 6, 56, 56), samples(2, 56))
    assert {'decode.loss_ce', 'aux.loss_ce'} <= set(losses)
    (losses['decode.loss_ce'] + losses['aux.loss_ce']).backward()
    assert all(value.grad is not None for value in model.neck.parameters())
    assert all(value.grad is None for value in model.backbone.parameters())


def test_only_the_symmetric_policies_forget_the_order():
    image = torch.randn(1, 6, 56, 56)
    for fusion, symmetric in (('sum', True), ('abs_diff', True), ('diff', False), ('concat', False)):
        model = tiny(fusion).eval()
        with torch.no_grad():
            same = torch.allclose(model(image), model(image.roll(3, dims=1)), atol=1e-5)
        assert same == symmetric, fusion


def test_mars_change_head_reads_both_dates():
    stages = dict(embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 4))
    backbone = dict(type='mmrs.MaRS', size=stages, modality='rgb', window_size=2)
    loss = [
        dict(type='mmseg.CrossEntropyLoss', use_sigmoid=True, loss_weight=0.5),
        dict(type='mmrs.ForegroundDiceLoss', loss_weight=0.5),
    ]
    head = dict(type='mmrs.MaRSChangeHead', in_channels=128, loss_decode=loss)
    model = tiny(backbone=backbone, neck=None, decode_head=head, auxiliary_head=None)
    model.train()
    losses = model.loss(torch.randn(2, 6, 64, 64), samples(2, 64))
    assert {'decode.loss_ce', 'decode.loss_dice'} <= set(losses)
    (prediction,) = model.eval().predict(torch.randn(1, 6, 64, 64), samples(1, 64))
    assert prediction.pred_sem_seg.data.shape == (1, 64, 64)


def test_an_unknown_policy_is_refused():
    with pytest.raises(ConfigError, match='cosine'):
        tiny('cosine')
