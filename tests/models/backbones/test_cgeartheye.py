"""CGEarthEye against published outputs, and its contract as a backbone."""

import numpy as np
import pytest
import torch

from mmrs.errors import ConfigError
from mmrs.models import CGEarthEye
from mmrs.registry import MODELS

TINY = {'embed_dims': 48, 'num_layers': 4, 'num_heads': 3}
FFNS = {'mlp': 'dinov2_mlp_ls', 'swiglu': 'dinov2_swiglu_ls'}
PARAMETERS = {
    'small': (22_056_192, 21_628_800),
    'base': (86_579_712, 85_724_928),
    'large': (304_367_616, 303_227_904),
    'huge': (632_271_360, 630_846_720),
    'giant': (1_136_479_232, 1_134_769_664),
}


def tiny(ffn='mlp', **options):
    return CGEarthEye({**TINY, 'ffn': ffn}, **{'img_size': 70, **options}).eval()


@pytest.fixture(params=FFNS)
def reference(request, fixtures_dir):
    """Published arrays as tensors, with the published weights apart, and the kind of feed-forward layer."""
    with np.load(fixtures_dir / 'cgeartheye' / f'{FFNS[request.param]}.npz') as file:
        arrays = {key: torch.from_numpy(file[key]) for key in file.files if key != 'meta_json'}
    weights = {key[3:]: value for key, value in arrays.items() if key.startswith('sd/')}
    return request.param, weights, arrays


def loaded(reference, **options):
    """The tiny model with the reference's weights: every key must be used, but for an unwanted mask token."""
    ffn, weights, _ = reference
    model = tiny(ffn, **options)
    left = model.load_state_dict(weights, strict=False)
    assert not left.missing_keys and left.unexpected_keys in ([], ['mask_token'])
    return model


def assert_same(found, expected):
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


class TestParity:
    def test_class_and_patch_tokens(self, reference):
        arrays = reference[2]
        (tokens,) = loaded(reference, out_type='tokens')(arrays['x'])
        assert_same(tokens[:, 0], arrays['cls'])
        assert_same(tokens[:, 1:], arrays['patch'])
        (cls,) = loaded(reference, out_type='cls_token')(arrays['x'])
        assert_same(cls, arrays['cls'])

    def test_last_block_without_norm(self, reference):
        arrays = reference[2]
        model = tiny(reference[0], out_type='tokens', final_norm='none')
        assert model.load_state_dict(reference[1], strict=False).missing_keys == []
        assert_same(model(arrays['x'])[0], arrays['prenorm'])

    @pytest.mark.parametrize(('final_norm', 'suffix'), [('all', '_norm'), ('last', '')])
    def test_intermediate_maps(self, reference, final_norm, suffix):
        arrays = reference[2]
        maps = loaded(reference, out_indices=(0, 1, 2, 3), final_norm=final_norm)(arrays['x'])
        for index, found in enumerate(maps[:3] if final_norm == 'last' else maps):
            assert_same(found, arrays[f'layer{index}_feat{suffix}'])
        assert_same(maps[3], arrays['layer3_feat_norm'])

    def test_intermediate_class_tokens(self, reference):
        arrays = reference[2]
        model = loaded(reference, out_indices=(0, 1, 2, 3), final_norm='last', out_type='cls_token')
        for index, found in enumerate(model(arrays['x'])[:3]):
            assert_same(found, arrays[f'layer{index}_cls'])

    def test_other_and_non_square_size(self, reference):
        arrays = reference[2]
        (tokens,) = loaded(reference, out_type='tokens', pos_embed_mode='dinov2')(arrays['x2'])
        assert_same(tokens[:, 0], arrays['x2_cls'])
        assert_same(tokens[:, 1:], arrays['x2_patch'])

    def test_masked_patches(self, reference):
        arrays = reference[2]
        model = loaded(reference, out_type='tokens', with_mask_token=True)
        (tokens,) = model(arrays['x'], masks=arrays['mask'])
        assert_same(tokens[:, 0], arrays['fm_cls'])
        assert_same(tokens[:, 1:], arrays['fm_patch'])


def test_register_tokens_as_in_timm():
    """timm folds the position of the class token into the token, and gives registers no position either."""
    from timm.models import VisionTransformer

    options = {'num_classes': 0, 'init_values': 1.0, 'reg_tokens': 4, 'no_embed_class': True}
    theirs = VisionTransformer(img_size=70, patch_size=14, embed_dim=48, depth=4, num_heads=3, **options).eval()
    ours = tiny(num_register_tokens=4, layer_scale_init=1.0, out_type='tokens')
    state = ours.state_dict()
    state['reg_token'] = state.pop('register_tokens').normal_()
    state['cls_token'] = state['cls_token'] + state['pos_embed'][:, :1]
    state['pos_embed'] = state['pos_embed'][:, 1:]
    theirs.load_state_dict(state)
    image = torch.randn(2, 3, 70, 70)
    assert_same(ours(image)[0], theirs.forward_features(image))


@pytest.mark.parametrize('size', PARAMETERS)
def test_published_parameter_counts(size):
    with torch.device('meta'):
        counts = [sum(p.numel() for p in CGEarthEye(size, img_size=pixels).parameters()) for pixels in (518, 224)]
    assert tuple(counts) == PARAMETERS[size]


class TestShapes:
    @pytest.mark.parametrize('channels', [1, 2, 12])
    @pytest.mark.parametrize('size', [(14, 14), (71, 98), (64, 113)])
    def test_any_size_and_channel_count(self, size, channels):
        maps = tiny(in_channels=channels, out_indices=(1, -1))(torch.randn(2, channels, *size))
        grid = tuple(-(-side // 14) for side in size)
        assert [tuple(m.shape) for m in maps] == [(2, 48, *grid)] * 2

    def test_padding_is_on_the_right_and_at_the_bottom(self):
        model, image = tiny(), torch.randn(1, 3, 65, 57)
        padded = torch.nn.functional.pad(image, (0, 13, 0, 5))
        assert torch.equal(model(image)[0], model(padded)[0])

    def test_non_square_design_size(self):
        model = tiny(img_size=(70, 140))
        assert model.pos_embed.shape == (1, 1 + 5 * 10, 48)
        assert model(torch.randn(1, 3, 70, 140))[0].shape == (1, 48, 5, 10)

    def test_register_tokens_are_no_patches(self):
        model = tiny(num_register_tokens=4)
        assert model(torch.randn(1, 3, 70, 70))[0].shape == (1, 48, 5, 5)
        assert model.pos_embed.shape == (1, 26, 48)
        model.out_type = 'tokens'
        assert model(torch.randn(1, 3, 70, 70))[0].shape == (1, 30, 48)

    def test_pyramid_for_hosts_that_expect_one(self):
        maps = tiny(out_indices=(0, 1, 2, 3), out_strides=(4, 8, 16, 32))(torch.randn(1, 3, 96, 64))
        assert [tuple(m.shape[2:]) for m in maps] == [(24, 16), (12, 8), (6, 4), (3, 2)]


class TestFreezing:
    def test_frozen_means_frozen(self):
        model = tiny(frozen_stages=4, drop_path_rate=0.9, drop_path_rule='uniform')
        assert model.train() is model
        assert not any(p.requires_grad for p in model.parameters())
        assert not any(m.training for m in (model.patch_embed, *model.blocks))
        image = torch.randn(2, 3, 70, 70, requires_grad=True)
        first, second = model(image)[0], model(image)[0]
        assert torch.equal(first, second) and first.grad_fn is None

    def test_partly_frozen_trains_the_rest(self):
        model = tiny(frozen_stages=2).train()
        model(torch.randn(2, 3, 70, 70))[0].square().mean().backward()
        trained = {'.'.join(name.split('.')[:2]) for name, p in model.named_parameters() if p.grad is not None}
        assert trained == {'blocks.2', 'blocks.3', 'norm.weight', 'norm.bias'}

    def test_embeddings_only(self):
        model = tiny(frozen_stages=0).train()
        trained = {name.split('.')[0] for name, p in model.named_parameters() if p.requires_grad}
        assert trained == {'blocks', 'norm'}

    def test_live_drop_path_of_the_original_on_request(self):
        options = {'drop_path_rate': 0.9, 'drop_path_rule': 'uniform', 'layer_scale_init': 1.0}
        model = tiny(frozen_stages=4, frozen_drop_path=True, **options).train()
        image = torch.randn(4, 3, 70, 70)
        assert not torch.equal(model(image)[0], model(image)[0])
        assert torch.equal(model.eval()(image)[0], model(image)[0])

    @pytest.mark.parametrize('frozen_stages', [2, 4])
    def test_bf16_storage_is_close_and_returns_the_callers_type(self, frozen_stages):
        plain = tiny(out_indices=(1, 3), layer_scale_init=1.0)
        half = tiny(out_indices=(1, 3), layer_scale_init=1.0, frozen_stages=frozen_stages, frozen_dtype='bfloat16')
        half.load_state_dict(plain.state_dict())
        stored = [p.dtype for p in half.blocks[:frozen_stages].parameters()]
        assert set(stored) == {torch.bfloat16} and half.pos_embed.dtype == torch.bfloat16
        assert half.norm.weight.dtype == torch.float32
        image = torch.randn(1, 3, 70, 84)
        for exact, found in zip(plain(image), half.train()(image), strict=True):
            assert found.dtype == torch.float32
            assert torch.nn.functional.cosine_similarity(exact.flatten(), found.flatten(), dim=0) > 0.999

    def test_bf16_storage_holds_under_autocast(self):
        model = tiny(frozen_stages=2, frozen_dtype='bfloat16').train()
        with torch.autocast('cpu', dtype=torch.float16):
            (found,) = model(torch.randn(1, 3, 70, 70))
        assert found.dtype == torch.float32
        found.sum().backward()

    def test_what_does_not_run_does_not_train(self):
        model = tiny(out_indices=(0, 1)).train()
        sum(m.square().mean() for m in model(torch.randn(1, 3, 70, 70))).backward()
        assert all((p.grad is not None) == p.requires_grad for p in model.parameters())
        assert not any(p.requires_grad for p in [*model.blocks[2:].parameters(), *model.norm.parameters()])


class TestTraining:
    @pytest.mark.parametrize('ffn', FFNS)
    def test_every_parameter_gets_a_gradient(self, ffn):
        model = tiny(ffn, num_register_tokens=2).train()
        model(torch.randn(2, 3, 70, 70))[0].square().mean().backward()
        assert [name for name, p in model.named_parameters() if p.grad is None] == []

    def test_checkpointing_changes_no_gradient(self):
        plain, spared = tiny().train(), tiny(with_cp=True).train()
        spared.load_state_dict(plain.state_dict())
        image = torch.randn(1, 3, 70, 70)
        for model in (plain, spared):
            model(image)[0].square().mean().backward()
        for one, other in zip(plain.parameters(), spared.parameters(), strict=True):
            torch.testing.assert_close(one.grad, other.grad)

    @pytest.mark.parametrize(('rule', 'rates'), [('linear', [0, 0.1, 0.2, 0.3]), ('uniform', [0.3] * 4)])
    def test_drop_path_rules(self, rule, rates):
        model = tiny('swiglu', drop_path_rate=0.3, drop_path_rule=rule)
        found = [[getattr(d, 'drop_prob', 0) for d in (b.drop_path1, b.drop_path2)] for b in model.blocks]
        assert found == [[pytest.approx(rate)] * 2 for rate in rates]

    def test_original_drop_path_beside_swiglu(self):
        model = tiny('swiglu', drop_path_rate=0.3, drop_path_branches='attention')
        assert all(isinstance(block.drop_path2, torch.nn.Identity) for block in model.blocks)

    @pytest.mark.parametrize(
        'options',
        [
            {'out_indices': (0, 1)},
            {'out_type': 'cls_token', 'frozen_stages': 2, 'frozen_dtype': 'bfloat16'},
            {'with_cls_token': False, 'frozen_stages': 0, 'with_cp': True},
        ],
    )
    def test_ddp_finds_no_unused_parameter(self, options):
        torch.distributed.init_process_group('gloo', store=torch.distributed.HashStore(), rank=0, world_size=1)
        try:
            model = torch.nn.parallel.DistributedDataParallel(tiny(**options).train())
            for _ in range(2):  # the second forward pass is what fails after an unused parameter
                sum(m.square().mean() for m in model(torch.randn(2, 3, 70, 70))).backward()
        finally:
            torch.distributed.destroy_process_group()

    def test_layer_depth_for_learning_rate_decay(self):
        model = tiny()
        depths = {name: model.get_layer_depth(f'backbone.{name}', 'backbone.') for name, _ in model.named_parameters()}
        assert depths['pos_embed'] == depths['patch_embed.proj.weight'] == (0, 6)
        assert depths['blocks.0.ls1.gamma'] == (1, 6) and depths['blocks.3.mlp.fc2.bias'] == (4, 6)
        assert depths['norm.weight'] == model.get_layer_depth('head.fc.weight', 'backbone.') == (5, 6)

    def test_compiles_into_one_graph(self):
        model, image = tiny(frozen_stages=2), torch.randn(1, 3, 70, 84)
        compiled = torch.compile(model, backend='eager', fullgraph=True)
        torch.testing.assert_close(compiled(image)[0], model(image)[0])


class TestStateDict:
    def test_resizes_to_this_grid_and_names_it(self):
        state = tiny(img_size=98).state_dict()
        model = tiny()
        adapted, resized = model.adapt_state_dict(state)
        assert resized == ['pos_embed'] and state['pos_embed'].shape == (1, 50, 48)
        assert adapted['pos_embed'].shape == (1, 26, 48)
        model.load_state_dict(adapted)

    def test_same_shape_is_untouched(self):
        state = tiny().state_dict()
        adapted, resized = tiny().adapt_state_dict(state)
        assert resized == [] and adapted['pos_embed'] is state['pos_embed']

    @pytest.mark.parametrize('pixels', [70, 98])
    def test_class_token_slot_is_dropped_or_zero(self, pixels):
        whole = tiny(img_size=pixels).state_dict()
        bare = tiny(with_cls_token=False)
        adapted, resized = bare.adapt_state_dict(whole)
        assert resized == ['pos_embed'] and adapted['pos_embed'].shape == (1, 25, 48)
        back, _ = tiny().adapt_state_dict({'pos_embed': adapted['pos_embed']})
        assert torch.equal(back['pos_embed'][:, 1:], adapted['pos_embed'])
        assert not back['pos_embed'][:, 0].any()

    def test_any_way_of_loading_resizes(self, tmp_path):
        state = tiny(img_size=98).state_dict()
        torch.save({'state_dict': {f'backbone.{key}': value for key, value in state.items()}}, tmp_path / 'b.pth')
        pretrained = {'type': 'Pretrained', 'checkpoint': str(tmp_path / 'b.pth'), 'prefix': 'backbone.'}
        model = MODELS.build({'type': 'mmrs.CGEarthEye', 'size': TINY, 'img_size': 70, 'init_cfg': pretrained})
        model.init_weights()
        assert torch.equal(model.blocks[1].attn.qkv.weight, state['blocks.1.attn.qkv.weight'])
        assert torch.equal(model.pos_embed, tiny().adapt_state_dict(state)[0]['pos_embed'])

    @pytest.mark.parametrize('shape', [(1, 28, 48), (1, 50, 32)])
    def test_positions_of_another_model_are_refused(self, shape):
        with pytest.raises(ConfigError, match='pos_embed.*n \\* n'):
            tiny().adapt_state_dict({'pos_embed': torch.zeros(shape)})


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'out_indices': (0, 4)}, 'out_indices.*from 0 to 3'),
        ({'out_indices': (2, 1)}, 'out_indices.*ascending'),
        ({'out_indices': ()}, 'out_indices'),
        ({'out_type': 'map'}, 'out_type.*featmap'),
        ({'out_type': 'cls_token', 'with_cls_token': False}, 'with_cls_token=True'),
        ({'final_norm': True}, 'final_norm'),
        ({'frozen_stages': 5}, 'frozen_stages'),
        ({'frozen_dtype': 'bfloat16'}, 'frozen_stages of 0 or more'),
        ({'img_size': 13}, 'img_size'),
        ({'out_strides': (4, 8)}, 'out_strides'),
        ({'pos_embed_mode': 'nearest'}, 'pos_embed_mode'),
        ({'drop_path_rate': 1.0}, 'drop_path_rate'),
        ({'drop_path_rule': 'cosine'}, 'drop_path_rule'),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ConfigError, match=message):
        tiny(**options)


@pytest.mark.parametrize(
    ('size', 'message'),
    [
        ('gigantic', 'small.*giant'),
        ({'depth': 3}, 'embed_dims'),
        ({**TINY, 'num_heads': 5}, 'divisor of 48'),
        ({**TINY, 'ffn': 'moe'}, 'swiglu'),
    ],
)
def test_unknown_sizes_are_named(size, message):
    with pytest.raises(ConfigError, match=message):
        CGEarthEye(size)


@pytest.mark.parametrize(
    ('shape', 'message'), [((1, 4, 70, 70), '4 channels.*expected 3'), ((1, 3, 70, 13), '70 x 13 pixels')]
)
def test_images_that_do_not_fit_are_refused(shape, message):
    with pytest.raises(ConfigError, match=message):
        tiny()(torch.zeros(shape))


def test_masks_need_a_mask_token():
    with pytest.raises(ConfigError, match='with_mask_token=True'):
        tiny()(torch.zeros(1, 3, 70, 70), masks=torch.zeros(1, 25, dtype=torch.bool))
