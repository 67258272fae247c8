"""Learning rates by depth and freezing against the published table."""

import json

import pytest
import torch
from mmengine.optim import build_optim_wrapper

import mmrs.engine  # noqa: F401  (registers the constructor)
from mmrs.engine.layer_decay import depths
from mmrs.errors import ConfigError
from mmrs.models import CGEarthEye, SkySenseFusion, SkySenseHR, SkySensePP, SkySenseS2
from mmrs.models.freezing import freeze_depths
from mmrs.weights.convert import KeyFormat, from_mmrs

RECIPE = {'backbone_hr': 12, 'backbone_s2': 12, 'backbone_s1': 12, 'fusion': (3, 24)}


def build(model, rate=0.7, **options):
    config = {
        'constructor': 'mmrs.LayerDecayOptimWrapperConstructor',
        'optimizer': {'type': 'AdamW', 'lr': 2e-4, 'weight_decay': 0.04},
        'paramwise_cfg': {'layer_decay_rate': rate, **options},
    }
    return build_optim_wrapper(model, config).optimizer


def by_name(optimiser):
    return {name: group for group in optimiser.param_groups for name in group['param_names']}


@pytest.fixture(scope='module')
def published():
    with torch.device('meta'):
        return SkySensePP(completion={'exchange': 'sum'}, frozen_depths=RECIPE)


def test_published_groups(published, fixtures_dir):
    table = json.loads((fixtures_dir / 'skysensepp' / 'full_model_param_groups.json').read_text())
    groups = by_name(build(published, decay_vit_norms=True))
    names = {name: name for name, _ in published.named_parameters()}
    ours = from_mmrs(names, KeyFormat.SKYSENSEPP)
    assert ours.keys() == table.keys()
    for theirs, name in ours.items():
        expected = table[theirs]
        if 'cls_token' in theirs and theirs.startswith('backbone_'):
            assert name not in groups  # the class token that nothing reads never learns
        elif expected.get('frozen'):
            assert name not in groups, theirs
        else:
            found = groups[name]
            assert found['lr'] == pytest.approx(expected['lr'], rel=1e-12), theirs
            assert found['weight_decay'] == expected['wd'], theirs


def test_published_share_of_trained_parameters(published):
    trained = {name: sum(p.numel() for p in part.parameters() if p.requires_grad) for name, part in
               published.named_children()}  # fmt: skip
    assert {name: round(count / 1e6, 1) for name, count in trained.items()} == {
        'backbone_hr': 457.9,
        'backbone_s2': 151.2,
        'backbone_s1': 151.2,
        'fusion': 28.1,
        'modality_vae': 102.1,
        'head_rec_hr': 40.4,
        'head_s2': 46.2,
        'head_s1': 46.2,
    }


@pytest.mark.parametrize(('kind', 'part'), [('swin', 'backbone_hr'), ('vit', 'backbone_s2')])
def test_published_layer_ids(published, fixtures_dir, kind, part):
    table = json.loads((fixtures_dir / 'skysensepp' / 'layer_decay_ids.json').read_text())[kind]
    after = depths(published)
    names = {name: name for name, _ in published.named_parameters()}
    ours = from_mmrs(names, KeyFormat.SKYSENSEPP)
    for theirs, expected in table.items():
        where = 'fusion' if theirs.startswith('porj') else part
        below = after(ours[f'{where}.{theirs}'])
        assert 25 - below == expected['id'], theirs
        assert 0.7**below == pytest.approx(expected['scale'])


def test_norms_of_vit_blocks_are_not_decayed_by_default():
    model = SkySenseS2({'embed_dims': 16, 'num_layers': 2, 'num_heads': 2}, out_indices=(1,))
    right, original = by_name(build(model)), by_name(build(model, decay_vit_norms=True))
    changed = {name for name in right if right[name]['weight_decay'] != original[name]['weight_decay']}
    assert changed == {f'blocks.{block}.norm{norm}.weight' for block in (0, 1) for norm in (1, 2)}
    assert all(right[name]['weight_decay'] == 0 for name in changed)


def test_inside_a_larger_model_and_with_further_names():
    backbone = CGEarthEye({'embed_dims': 16, 'num_layers': 2, 'num_heads': 2}, img_size=28)
    model = torch.nn.ModuleDict({'backbone': backbone, 'head': torch.nn.Linear(16, 2)})
    groups = by_name(build(model, 0.5, no_decay=('pos_embed',)))
    assert groups['head.weight']['lr_scale'] == groups['backbone.norm.weight']['lr_scale'] == 1
    assert groups['backbone.blocks.1.mlp.fc1.weight']['lr_scale'] == 0.5
    assert groups['backbone.patch_embed.proj.weight']['lr_scale'] == 0.125
    assert groups['backbone.pos_embed']['weight_decay'] == 0
    assert groups['backbone.cls_token']['weight_decay'] == 0.04


class TestFreezing:
    def test_gradient_passes_to_the_vocabulary(self):
        model = SkySenseS2(
            {'embed_dims': 16, 'num_layers': 3, 'num_heads': 2}, out_indices=(2,), vocabulary_size=4, merge_stage=1
        )
        freeze_depths(model, 3)
        model(torch.randn(1, 10, 8, 8), torch.randint(0, 5, (1, 8, 8)))[0].square().mean().backward()
        learned = {name for name, p in model.named_parameters() if p.grad is not None}
        assert learned == {'pos_embed', 'annotation.tokens', 'annotation.weights'}

    @pytest.mark.parametrize(('depth', 'last'), [(1, 'layers.0.blocks.0'), (4, 'layers.1.blocks.1')])
    def test_swin_by_block(self, depth, last):
        arch = {'embed_dims': 8, 'depths': (2, 2, 2, 2), 'num_heads': (1, 2, 4, 8)}
        model = SkySenseHR(arch, attention_dims=(), attention_heads=())
        frozen = freeze_depths(model, depth)
        blocks = sorted({'.'.join(name.split('.')[:4]) for name in frozen if '.blocks.' in name})
        assert blocks[-1] == last and len(blocks) == depth
        assert any(name.startswith('layers.1.downsample') for name in frozen) == (depth == 4)

    @pytest.mark.parametrize('wanted', [5, (2, 5), (3, 2), -1])
    def test_depths_that_are_not_there(self, wanted):
        with pytest.raises(ConfigError, match='SkySenseFusion of 4 blocks'):
            freeze_depths(SkySenseFusion(8, 8, 4, 2), wanted)

    def test_modules_without_depths(self):
        with pytest.raises(ConfigError, match='Linear without depths'):
            freeze_depths(torch.nn.Linear(2, 2), 1)


def test_bad_options_are_named():
    with pytest.raises(ConfigError, match='layer_decay_rate=0'):
        build(torch.nn.Linear(2, 2), 0)
    with pytest.raises(ConfigError, match='decay_rate'):
        build(torch.nn.Linear(2, 2), decay_rate=0.5)
    with pytest.raises(ConfigError, match='no trainable parameter'):
        build(torch.nn.Linear(2, 2).requires_grad_(False))


def test_factors_and_groups_by_name():
    model = CGEarthEye({'embed_dims': 12, 'num_layers': 1, 'num_heads': 1}, img_size=28)
    groups = by_name(build(model, 1.0, lr_mults={'patch_embed': 0.2}, apart=['mlp.fc2'], no_decay=['gamma']))
    assert groups['patch_embed.proj.weight']['lr'] == pytest.approx(4e-5)
    assert groups['patch_embed.proj.bias']['weight_decay'] == groups['blocks.0.ls1.gamma']['weight_decay'] == 0
    assert groups['blocks.0.mlp.fc2.weight']['param_names'] == ['blocks.0.mlp.fc2.weight']
    assert groups['blocks.0.mlp.fc1.weight']['lr'] == 2e-4
