from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

import pytest
import torch
from weights.tiny_vit import tiny_backbone

from mmrs.errors import WeightsError
from mmrs.weights import load
from mmrs.weights.catalogue import CATALOGUE, get
from mmrs.weights.convert import KeyFormat, from_mmrs
from mmrs.weights.load import load_pretrained


def saved(path, state):
    torch.save({'state_dict': state}, path)
    return path


def equal(module, state):
    return all(torch.equal(value, state[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize('key_format', [KeyFormat.MMRS, KeyFormat.MMPRETRAIN])
@pytest.mark.parametrize('prefix', ['', 'backbone', 'module.backbone'])
def test_full_load_from_any_naming(tmp_path, backbone, state, key_format, prefix):
    path = saved(tmp_path / 'a.pth', {**from_mmrs(state, key_format, prefix)})
    report = load_pretrained(backbone, path)
    assert equal(backbone, state)
    assert report.coverage == 1.0
    assert set(report.loaded) == set(state)
    assert not report.missing + report.unexpected + report.mismatched + report.dropped + report.resized


def test_prefix_picks_the_backbone_of_a_segmentor(tmp_path, backbone, state):
    whole = {**from_mmrs(state, KeyFormat.MMRS, 'backbone'), 'decode_head.conv_seg.weight': torch.ones(1)}
    report = load_pretrained(backbone, saved(tmp_path / 'a.pth', whole), prefix='backbone')
    assert equal(backbone, state)
    assert report.dropped == ('decode_head.conv_seg.weight',)


def test_position_embedding_of_another_grid_is_resized_and_reported(tmp_path, backbone, state):
    larger = tiny_backbone(img_size=84)
    path = saved(tmp_path / 'a.pth', state)
    report = load_pretrained(larger, path)
    assert report.resized == ('pos_embed',)
    assert report.coverage == 1.0
    assert torch.equal(larger.pos_embed[:, 0], state['pos_embed'][:, 0])
    assert 'resized 1: pos_embed' in str(report)


def test_the_mask_token_is_loaded_only_where_there_is_one(tmp_path, state):
    path = saved(tmp_path / 'a.pth', {**state, 'mask_token': torch.ones(1, 24)})
    assert load_pretrained(tiny_backbone(), path).dropped == ('mask_token',)
    masked = tiny_backbone(with_mask_token=True)
    assert load_pretrained(masked, path).dropped == ()
    assert masked.mask_token.sum() == 24


def test_frozen_bfloat16_weights_keep_their_type(tmp_path, state):
    frozen = tiny_backbone(frozen_stages=2, frozen_dtype='bfloat16')
    load_pretrained(frozen, saved(tmp_path / 'a.pth', state))
    assert frozen.blocks[0].attn.qkv.weight.dtype == torch.bfloat16
    assert torch.equal(frozen.blocks[0].attn.qkv.weight, state['blocks.0.attn.qkv.weight'].bfloat16())


def test_checkpoint_of_another_size_names_the_shapes_and_changes_nothing(tmp_path, backbone, state):
    other = tiny_backbone(size={'embed_dims': 48, 'num_layers': 2, 'num_heads': 3})
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(WeightsError) as caught:
        load_pretrained(other, saved(tmp_path / 'a.pth', state))
    assert 'cls_token (1, 1, 24) for (1, 1, 48)' in str(caught.value)
    assert str(tmp_path / 'a.pth') in str(caught.value)
    assert equal(other, before)


def test_checkpoint_of_another_model_has_zero_coverage(tmp_path, backbone):
    path = saved(tmp_path / 'resnet.pth', {'conv1.weight': torch.ones(1), 'layer1.0.bn1.weight': torch.ones(1)})
    with pytest.raises(WeightsError, match='0 tensors that fit CGEarthEye') as caught:
        load_pretrained(backbone, path, min_coverage=0.0)
    assert 'conv1.weight' in str(caught.value)


def test_short_coverage_fails_unless_it_is_asked_for(tmp_path, backbone, state):
    part = {name: value for name, value in state.items() if not name.startswith('blocks.1.')}
    path = saved(tmp_path / 'a.pth', part)
    with pytest.raises(WeightsError, match=r'14 missing: blocks\.1\.'):
        load_pretrained(backbone, path)
    report = load_pretrained(backbone, path, min_coverage=0.5)
    assert len(report.missing) == 14
    assert 0.5 < report.coverage < 1


@pytest.fixture
def catalogued(tmp_path, monkeypatch, weights_folder, state):
    """A catalogue entry for the tiny model, its file in the weights folder."""
    weights_folder.mkdir()
    path = saved(weights_folder / 'tiny.pth', state)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    entry = replace(get('cgeartheye-small-518'), name='tiny', sha256=sha256, min_coverage=0.6)
    monkeypatch.setattr(load, 'CATALOGUE', {**CATALOGUE, 'tiny': entry})
    return path


def test_catalogue_name(catalogued, backbone, state):
    report = load_pretrained(backbone, 'tiny')
    assert report.source == 'tiny'
    assert equal(backbone, state)


def test_catalogue_entry_decides_what_is_enough(catalogued):
    deeper = tiny_backbone(size={'embed_dims': 24, 'num_layers': 3, 'num_heads': 3})
    assert 0.6 < load_pretrained(deeper, 'tiny').coverage < 0.75
    with pytest.raises(WeightsError, match='at least 90%'):
        load_pretrained(deeper, 'tiny', min_coverage=0.9)


def test_wrong_hash_is_refused_before_loading(catalogued, backbone, state):
    saved(catalogued, {**state, 'extra': torch.ones(1)})
    with pytest.raises(WeightsError, match='sha256'):
        load_pretrained(backbone, 'tiny')


def test_unknown_name_and_missing_path(backbone, weights_folder):
    with pytest.raises(WeightsError, match='Did you mean'):
        load_pretrained(backbone, 'dinov2-smal')
    with pytest.raises(WeightsError, match='no such file'):
        load_pretrained(backbone, 'work/absent.pth')
    with pytest.raises(WeightsError, match=r'pan\.baidu\.com'):
        load_pretrained(backbone, 'cgeartheye-small-518')


def test_the_report_is_logged(tmp_path, backbone, state):
    from mmengine.logging import MMLogger

    records = []
    logger = MMLogger.get_instance('test_load')
    handler = logging.Handler()
    handler.emit = records.append
    logger.addHandler(handler)
    load_pretrained(backbone, saved(tmp_path / 'a.pth', {**state, 'head.weight': torch.ones(1)}))
    text = records[-1].getMessage()
    assert '34 tensors loaded (100.0%), dinov2 names' in text
    assert 'unexpected 1: head.weight' in text


def test_a_plain_module_needs_no_special_methods(tmp_path):
    layer = torch.nn.Linear(2, 1)
    load_pretrained(layer, saved(tmp_path / 'a.pth', {'weight': torch.ones(1, 2), 'bias': torch.zeros(1)}))
    assert layer.weight.sum() == 2


def test_other_bands_than_the_catalogue_says(catalogued, backbone, state):
    name = 'tiny'
    assert load_pretrained(backbone, name, bands=('red', 'green', 'blue')).coverage == 1.0
    with pytest.raises(WeightsError, match='found input bands blue, green, red; expected red, green, blue.*this order'):
        load_pretrained(backbone, name, bands=['blue', 'green', 'red'])
    with pytest.raises(WeightsError, match='found input bands nir; expected red, green, blue.*this choice'):
        load_pretrained(backbone, name, bands=['nir'])
    with pytest.raises(
        WeightsError, match=r'a model of 4 input channels; expected 3 \(red, green, blue\).*channel_rule'
    ):
        load_pretrained(tiny_backbone(in_channels=4), name)
