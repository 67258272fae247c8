"""SkySense++ for high-resolution imagery against published outputs, and its contract as a backbone."""

import pytest
import torch
from reference import randomise
from skysense import Reference, assert_near

from mmrs.errors import ConfigError
from mmrs.models import SkySenseHR
from mmrs.models.layers import GlobalAttention
from mmrs.models.skysense_export import to_released
from mmrs.weights.convert import KeyFormat, to_mmrs
from mmrs.weights.load import load_pretrained

TINY = {'embed_dims': 8, 'depths': (2, 2, 3, 2), 'num_heads': (1, 2, 4, 8), 'extra_norm_every': 3}
ATTENTION = {'attention_dims': (8, 12, 16), 'attention_heads': (2, 2, 4)}
NAMES = ['swin_msl_merge2_attn', 'swin_msl_merge2_noattn', 'swin_msl_merge0', 'swin_msl_win4_pad']


def tiny(**options):
    return SkySenseHR(TINY, **{'window_size': 2, **ATTENTION, **options}).eval()


def options_of(reference):
    given = reference.kwargs
    options = {'window_size': given['window_size'], 'vocabulary_size': given['vocabulary_size']}
    options['merge_stage'] = given['merge_stage']
    options['window_rule'] = 'pad' if given['pad_small_map'] else 'mmpretrain'
    return options | (ATTENTION if 'attn_override' in given else {'attention_dims': (), 'attention_heads': ()})


@pytest.mark.parametrize('name', NAMES)
def test_published_features(fixtures_dir, name):
    reference = Reference(fixtures_dir, name)
    model = tiny(**options_of(reference))
    model.load_state_dict(to_mmrs(reference.weights, wanted=model.state_dict()).state)
    images, annotations, masks = (reference.inputs[key] for key in ('img', 'anno', 'mask'))
    assert_near(model.annotation(annotations), reference.outputs['ann_token'])
    for index, found in enumerate(model(images, annotations, masks)):
        assert_near(found, reference.outputs[f'feat{index}'])


def test_published_global_attention(fixtures_dir):
    reference = Reference(fixtures_dir, 'proj_mhsa')
    names = {'attn.attn.in_proj_': 'qkv.', 'attn.attn.out_proj.': 'proj.'}
    weights = {}
    for name, value in reference.weights.items():
        for old, new in names.items():
            name = name.replace(old, new)
        weights[name] = value
    layer = GlobalAttention(12, 8, 2)
    layer.load_state_dict(weights)
    assert_near(layer(reference.inputs['x']), reference.outputs['y'], 1e-6)


def test_global_attention_keeps_no_matrix_for_the_backward_pass():
    layer, x, kept = GlobalAttention(12, 8, 2), torch.randn(1, 600, 12), []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        layer(x)
    assert max(kept) < 600 * 600 / 8


class TestWeights:
    @pytest.mark.parametrize('attention', ['in_proj', 'packed'])
    @pytest.mark.parametrize('prefix', ['', 'module', 'model', 'backbone', 'backbone_gep', 'module.backbone_hr'])
    def test_every_released_form_loads_and_goes_back(self, fixtures_dir, tmp_path, prefix, attention):
        reference = Reference(fixtures_dir, 'swin_msl_merge2_attn')
        model = tiny(vocabulary_size=6)
        model.load_state_dict(to_mmrs(reference.weights, wanted=model.state_dict()).state)
        theirs = to_released(model, KeyFormat.SKYSENSE_HR, prefix, attention)
        torch.save({'model': theirs}, tmp_path / 'file.pth')
        again = tiny(vocabulary_size=6)
        assert load_pretrained(again, tmp_path / 'file.pth').coverage == 1
        back = to_released(again, KeyFormat.SKYSENSE_HR)
        assert back.keys() == reference.weights.keys()
        for name, value in reference.weights.items():
            if name.endswith('relative_coords_table'):
                assert_near(back[name], value, 1e-6)
            else:
                assert torch.equal(back[name], value), name

    def test_stage_one_files_without_tables_or_vocabulary(self, fixtures_dir, tmp_path):
        weights = Reference(fixtures_dir, 'swin_msl_merge2_attn').weights
        left = ('relative_', 'vocabulary_')
        torch.save({name: value for name, value in weights.items() if not any(x in name for x in left)}, tmp_path / 'f')
        report = load_pretrained(tiny(), tmp_path / 'f')
        assert report.coverage == 1 and set(report.dropped) == {'annotation.mask_token'}

    def test_infrared_and_grey_from_rgb(self, fixtures_dir):
        weights = Reference(fixtures_dir, 'swin_msl_merge2_attn').weights
        kernel = weights['patch_embed.projection.weight']
        wanted = {4: ('nir-from-red', kernel[:, [0, 1, 2, 0]]), 1: ('sum', kernel.sum(1, keepdim=True))}
        for channels, (rule, expected) in wanted.items():
            model = tiny(in_channels=channels, channel_rule=rule)
            model.load_state_dict(to_mmrs(weights, wanted=model.state_dict()).state)
            assert torch.equal(model.patch_embed.proj.weight, expected)
            again = tiny(in_channels=channels, channel_rule=rule)
            again.load_state_dict(model.state_dict())
            assert torch.equal(again.patch_embed.proj.weight, expected)


class TestAlone:
    @pytest.mark.parametrize('rule', ['clip', 'pad'])
    @pytest.mark.parametrize('size', [(4, 4), (33, 70)])
    def test_any_size(self, rule, size):
        maps = tiny(window_rule=rule, window_size=4)(torch.randn(2, 3, *size))
        strides = [4, 8, 16, 32]
        grids = [[-(-side // stride) for side in size] for stride in strides]
        assert [list(m.shape[2:]) for m in maps] == grids
        assert [m.shape[1] for m in maps] == [8, 16, 32, 64]

    def test_every_parameter_learns(self):
        model = randomise(tiny()).train()
        sum(m.square().mean() for m in model(torch.randn(1, 3, 64, 64))).backward()
        assert [name for name, p in model.named_parameters() if p.grad is None] == []

    def test_checkpointing_changes_no_gradient(self):
        plain, spared = (randomise(tiny(drop_path_rate=0.0, with_cp=on)).train() for on in (False, True))
        spared.load_state_dict(plain.state_dict())
        image = torch.randn(1, 3, 64, 64)
        for model in (plain, spared):
            model(image)[3].square().mean().backward()
        for one, other in zip(plain.parameters(), spared.parameters(), strict=True):
            if one.grad is not None:
                torch.testing.assert_close(one.grad, other.grad)

    def test_frozen_stages_take_their_global_attention_along(self):
        model = tiny(frozen_stages=3, vocabulary_size=6).train()
        image = torch.randn(1, 3, 64, 64, requires_grad=True)
        sum(m.square().mean() for m in model(image, torch.zeros(1, 64, 64, dtype=torch.long))).backward()
        trained = {name.split('.')[0] for name, p in model.named_parameters() if p.grad is not None}
        assert trained == {'layers', 'norm0', 'norm1', 'norm2', 'norm'} and image.grad is None
        assert all(name.startswith('layers.3') for name, p in model.named_parameters()
                   if p.requires_grad and name.startswith('layers'))  # fmt: skip

    def test_only_the_first_stage(self):
        maps = tiny(out_indices=(0,))(torch.randn(1, 3, 64, 64))
        assert [m.shape[1] for m in maps] == [8]


class TestAnnotations:
    def test_odd_halves_stay_apart(self):
        """Nine columns of patches: what is written into the annotation must not leak into the image's first merge."""
        model = randomise(tiny(vocabulary_size=6, window_rule='clip', merge_stage=2))
        maps = model(torch.randn(1, 3, 32, 36), torch.randint(0, 7, (1, 32, 36)))
        assert [tuple(m.shape[2:]) for m in maps] == [(8, 20), (4, 5), (2, 3), (1, 2)]

    @pytest.mark.parametrize('merge_stage', [0, 1, 2, 3])
    def test_every_merge(self, merge_stage):
        model = randomise(tiny(vocabulary_size=6, merge_stage=merge_stage)).train()
        masks = torch.randint(0, 2, (1, 16, 16))
        model(torch.randn(1, 3, 64, 64), torch.randint(0, 7, (1, 64, 64)), masks)[3].square().mean().backward()
        assert all(p.grad is not None for p in model.annotation.parameters())

    def test_ids_outside_the_vocabulary(self):
        with pytest.raises(ConfigError, match='ids from 0 to 7.*0 to 6'):
            tiny(vocabulary_size=6)(torch.zeros(1, 3, 64, 64), torch.arange(64 * 64).view(1, 64, 64) % 8)


@pytest.mark.parametrize(('options', 'shape', 'message'), [
    ({'in_channels': 4}, (1, 3, 64, 64), '3 channels.*expected 4'),
    ({}, (1, 3, 3, 64), '3 x 64 pixels'),
    ({'window_size': 8}, (1, 3, 64, 64), "4 x 4 cells.*window_rule='pad' or 'clip'"),
])  # fmt: skip
def test_images_that_do_not_fit_are_refused(options, shape, message):
    with pytest.raises(ConfigError, match=message):
        tiny(**options)(torch.zeros(shape))


@pytest.mark.parametrize(('options', 'message'), [
    ({'merge_stage': 5, 'vocabulary_size': 6}, 'merge_stage.*0 to 4'),
    ({'attention_dims': (8,) * 5, 'attention_heads': 2}, 'attention_dims'),
    ({'attention_heads': (2, 2)}, 'attention_heads'),
    ({'attention_heads': 3}, 'divisor of 8'),
    ({'channel_rule': 'sum'}, "'sum' with 1 channel.*not 3"),
    ({'channel_rule': 'mean', 'in_channels': 1}, 'channel_rule'),
])  # fmt: skip
def test_bad_options_are_named(options, message):
    with pytest.raises(ConfigError, match=message):
        tiny(**options)


def test_tokens_first_look_at_those_like_them():
    small = dict(arch=dict(embed_dims=8, depths=(1, 1), num_heads=(1, 2)), out_indices=(0, 1), attention_dims=())
    for match in (False, True):
        model = SkySenseHR(**small, window_size=4, window_rule='clip', match_at_start=match)
        chunks = [block.attn.qkv.weight.chunk(3) for layer in model.layers for block in layer.blocks]
        assert len(chunks) == 2 and all(torch.equal(query, key) == match for query, key, _ in chunks)
