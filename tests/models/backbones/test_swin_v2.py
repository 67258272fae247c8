"""SwinV2 against published and timm's outputs, and its contract as a backbone."""

import pytest
import torch
from reference import randomise, read

from mmrs.errors import ConfigError
from mmrs.models import SwinV2
from mmrs.registry import MODELS

TINY = {'embed_dims': 8, 'depths': (2, 2, 2, 2), 'num_heads': (1, 2, 4, 8)}
FIXTURES = {
    'swinv2_feat_w4_rgb': {'window_size': 4},
    'swinv2_feat_w4_sar': {'window_size': 4, 'in_channels': 1},
    'swinv2_feat_w8_pretrainedwin': {'window_size': 8},
    'swinv2_feat_w4_dynamic_pad': {'window_size': 4, 'window_rule': 'timm'},
}


def tiny(**options):
    return randomise(SwinV2(TINY, **{'window_size': 4, **options}), 0.1).eval()


@pytest.mark.parametrize('name', FIXTURES)
def test_published_maps(name, fixtures_dir):
    reference = read(fixtures_dir / 'mars' / f'{name}.npz')
    arch = reference.meta['meta']['arch']
    model = SwinV2(TINY, pretrained_window_sizes=arch.get('pretrained_window_sizes', 0), **FIXTURES[name]).eval()
    model.load_state_dict({key.replace('layers_', 'layers.'): value for key, value in reference.sd.items()})
    for index, found in enumerate(model(reference.inputs['x'])):
        torch.testing.assert_close(found.permute(0, 2, 3, 1), reference.out[f'f{index}'], atol=1e-4, rtol=0)


@pytest.mark.parametrize(('arch', 'parameters'), [('tiny', 27_578_154), ('base', 86_893_816)])
def test_timm_layout(arch, parameters):
    """All names and shapes of timm's model but for the classifier."""
    import timm

    peer = {'tiny': 'swinv2_tiny_window8_256', 'base': 'swinv2_base_window8_256'}[arch]
    with torch.device('meta'):
        ours, theirs = SwinV2(arch, final_norm='last'), timm.create_model(peer, num_classes=0)
    shapes = [{name: value.shape for name, value in model.state_dict().items()} for model in (ours, theirs)]
    assert shapes[0] == shapes[1]
    assert sum(p.numel() for p in ours.parameters()) == parameters


def timm_pair(size, **options):
    from timm.models.swin_transformer_v2 import SwinTransformerV2

    shape = {'embed_dim': 24, 'depths': (2, 2, 2), 'num_heads': (3, 6, 12), 'window_size': 4, 'num_classes': 0}
    theirs = randomise(SwinTransformerV2(size, strict_img_size=False, drop_path_rate=0.0, **shape), 0.05)
    arch = {'embed_dims': 24, 'depths': (2, 2, 2), 'num_heads': (3, 6, 12)}
    ours = SwinV2(arch, window_size=4, out_indices=-1, final_norm='last', drop_path_rate=0.0, **options)
    ours.load_state_dict(theirs.state_dict())
    return ours.eval(), theirs.eval()


class TestAgainstTimm:
    def test_sizes_that_fit(self):
        ours, theirs = timm_pair((64, 128))
        images = torch.randn(2, 3, 64, 128)
        found, expected = ours(images)[0], theirs.forward_features(images)
        torch.testing.assert_close(found.permute(0, 2, 3, 1), expected, atol=5e-6, rtol=0)
        with torch.no_grad():  # with the kept bias
            torch.testing.assert_close(ours(images)[0], found, atol=1e-6, rtol=0)

    def test_sizes_that_do_not_fit_differ_unless_asked(self):
        images = torch.randn(1, 3, 72, 104)
        ours, theirs = timm_pair((72, 104), window_rule='timm')
        expected = theirs.forward_features(images).permute(0, 3, 1, 2)
        torch.testing.assert_close(ours(images)[0], expected, atol=5e-6, rtol=0)
        ours, _ = timm_pair((72, 104))
        assert (ours(images)[0] - expected).abs().max() > 1e-4

    def test_pure_bf16(self):
        ours, theirs = timm_pair((64, 64))
        images = torch.randn(1, 3, 64, 64)
        exact = ours(images)[0]
        ours, theirs = ours.bfloat16(), theirs.bfloat16()
        found = ours(images.bfloat16())[0]
        other = theirs.forward_features(images.bfloat16()).permute(0, 3, 1, 2)
        assert found.dtype == torch.bfloat16
        errors = [(out.float() - exact).norm() for out in (found, other)]
        assert errors[0] <= 1.2 * errors[1]


class TestShapes:
    @pytest.mark.parametrize('channels', [1, 2, 10])
    @pytest.mark.parametrize('size', [(4, 4), (33, 130), (96, 64)])
    def test_any_size_and_channel_count(self, size, channels):
        maps = tiny(in_channels=channels)(torch.randn(2, channels, *size))
        grids = [tuple(-(-side // stride) for side in size) for stride in (4, 8, 16, 32)]
        assert [tuple(m.shape) for m in maps] == [(2, 8 * 2**i, *grid) for i, grid in enumerate(grids)]
        assert all(torch.isfinite(m).all() for m in maps)

    def test_window_of_another_training(self):
        """Weights trained with windows of 8 run with windows of 4 on the same biases per distance."""
        trained, images = tiny(window_size=8), torch.randn(1, 3, 64, 64)
        smaller = SwinV2(TINY, window_size=4, pretrained_window_sizes=8).eval()
        smaller.load_state_dict(trained.state_dict())
        bias = trained.layers[0].blocks[0].attn.position_bias((8, 8)).unflatten(1, (8, 8)).unflatten(3, (8, 8))
        found = smaller.layers[0].blocks[0].attn.position_bias((4, 4)).unflatten(1, (4, 4)).unflatten(3, (4, 4))
        torch.testing.assert_close(found, bias[:, :4, :4, :4, :4])
        assert smaller(images)[3].shape == (1, 64, 2, 2)

    def test_only_what_is_asked_for_is_built(self):
        model = tiny(out_indices=(0, 1))
        assert len(model.layers) == 2
        assert [m.shape[1] for m in model(torch.randn(1, 3, 32, 32))] == [8, 16]

    def test_final_norms(self):
        assert not hasattr(tiny(), 'norm')
        assert hasattr(tiny(final_norm='last'), 'norm')
        model = SwinV2(TINY, window_size=4, final_norm='all').eval()
        assert {name for name, _ in model.named_children() if name.startswith('norm')} == {
            'norm',
            'norm0',
            'norm1',
            'norm2',
        }
        for feature in model(torch.randn(1, 3, 64, 64)):
            torch.testing.assert_close(feature.mean(1), torch.zeros_like(feature.mean(1)), atol=1e-5, rtol=0)


class TestTraining:
    def test_frozen_means_frozen(self):
        model = tiny(frozen_stages=4, drop_path_rate=0.9)
        assert model.train() is model
        assert not any(p.requires_grad for p in model.parameters())
        images = torch.randn(2, 3, 32, 32, requires_grad=True)
        first, second = model(images)[3], model(images)[3]
        assert torch.equal(first, second) and first.grad_fn is None

    @pytest.mark.parametrize(('frozen', 'trained'), [(0, {0, 1, 2, 3}), (2, {2, 3})])
    def test_partly_frozen_trains_the_rest(self, frozen, trained):
        model = tiny(frozen_stages=frozen).train()
        sum(m.square().mean() for m in model(torch.randn(2, 3, 32, 32))).backward()
        found = {name.split('.')[1] for name, p in model.named_parameters() if p.grad is not None}
        assert found == {str(stage) for stage in trained}

    def test_checkpointing_changes_memory_not_gradients(self):
        plain, saving = tiny(drop_path_rate=0.0), tiny(drop_path_rate=0.0, with_cp=True)
        saving.load_state_dict(plain.state_dict())
        images = torch.randn(1, 3, 48, 32)
        for model in (plain, saving):
            model.train()(images)[3].square().mean().backward()
        for a, b in zip(plain.parameters(), saving.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad)

    def test_no_parameter_is_left_without_gradient(self):
        model = tiny(out_indices=(1, 2), final_norm='all').train()
        sum((m**3).mean() for m in model(torch.randn(2, 3, 64, 64))).backward()
        assert [name for name, p in model.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize('size', [(64, 64), (40, 72)])
def test_compiles_without_a_graph_break(size):
    model, images = tiny(drop_path_rate=0.0), torch.randn(1, 3, *size)
    torch.compiler.reset()
    compiled = torch.compile(model, fullgraph=True, backend='eager', dynamic=False)
    with torch.no_grad():
        expected = model(images)[3]  # fills what is kept, which the compiled graph must not need
        torch.testing.assert_close(compiled(images)[3], expected)
    model.train()
    compiled(images)[3].square().mean().backward()


@pytest.mark.parametrize(
    ('options', 'subject'),
    [
        ({'arch': 'colossal'}, 'arch'),
        ({'arch': {'embed_dim': 8}}, 'arch'),
        ({'arch': {**TINY, 'num_heads': (3, 2, 4, 8)}}, 'num_heads'),
        ({'arch': {**TINY, 'num_heads': (1, 2)}}, 'num_heads'),
        ({'window_size': (4, 4)}, 'window_size'),
        ({'pretrained_window_sizes': -1}, 'pretrained_window_sizes'),
        ({'window_rule': 'none'}, 'window_rule'),
        ({'final_norm': True}, 'final_norm'),
        ({'frozen_stages': 5}, 'frozen_stages'),
        ({'out_indices': (4,)}, 'out_indices'),
        ({'merge_order': 'rows'}, 'merge_order'),
    ],
)
def test_bad_options(options, subject):
    with pytest.raises(ConfigError) as caught:
        SwinV2(**{'arch': TINY, **options})
    assert caught.value.subject == subject


def test_bad_images():
    model = tiny()
    with pytest.raises(ConfigError, match='4 channels; expected 3. Set in_channels'):
        model(torch.randn(1, 4, 32, 32))
    with pytest.raises(ConfigError, match='3 x 32 pixels; expected 4 or more'):
        model(torch.randn(1, 3, 3, 32))
    with pytest.raises(ConfigError, match='cells; expected 4 or more each way, one window'):
        tiny(window_rule='mmpretrain')(torch.randn(1, 3, 32, 64))


def test_is_registered():
    assert isinstance(MODELS.build({'type': 'mmrs.SwinV2', 'arch': TINY}), SwinV2)
