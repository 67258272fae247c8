"""SkySense++ for Sentinel-2 and Sentinel-1 against published outputs, and its contract as a backbone."""

import pytest
import torch
from skysense import Reference, assert_near

from mmrs.errors import ConfigError, WeightsError
from mmrs.models import SkySenseS1, SkySenseS2
from mmrs.models.skysense_export import to_mmsegmentation
from mmrs.weights.convert import KeyFormat, from_mmrs, to_mmrs
from mmrs.weights.load import load_pretrained

TINY = {'embed_dims': 32, 'num_layers': 4, 'num_heads': 4}
CLASSES = {'vit_msl_s2': SkySenseS2, 'vit_msl_s1': SkySenseS1, 'vit_msl_merge0': SkySenseS2}


def tiny(cls=SkySenseS2, **options):
    return cls(TINY, **{'out_indices': (0, 1, 2, 3), **options}).eval()


def like(reference, cls=SkySenseS2, **options):
    """The tiny model that a reference was made with, with its weights, loaded in full."""
    given = reference.kwargs
    options = {'vocabulary_size': given['vocabulary_size'], 'merge_stage': given['merge_stage'], **options}
    model = tiny(cls, **options)
    model.load_state_dict(to_mmrs(reference.weights, wanted=model.state_dict()).state)
    return model


@pytest.mark.parametrize('name', CLASSES)
def test_published_features(fixtures_dir, name):
    reference = Reference(fixtures_dir, name)
    model = like(reference, CLASSES[name])
    images, annotations, masks = (reference.inputs[key] for key in ('img', 'anno', 'mask'))
    assert_near(model.annotation(annotations), reference.outputs['ann_token'])
    for index, found in enumerate(model(images, annotations, masks)):
        assert_near(found, reference.outputs[f'feat{index}'])


def test_published_fine_tuning_backbone_and_neck(fixtures_dir):
    from mmseg.models.necks import MultiLevelNeck

    reference, neck = Reference(fixtures_dir, 'ft_vit'), Reference(fixtures_dir, 'ft_multilevel_neck')
    size = {'embed_dims': 16, 'num_layers': 4, 'num_heads': 2}
    options = {'img_size': 24, 'out_indices': (0, 1, 2, 3), 'patch_bias': False, 'pos_embed_mode': 'bilinear'}
    model = SkySenseS2(size, **options, drop_rate=0.1).eval()
    model.load_state_dict(to_mmrs(reference.weights, wanted=model.state_dict()).state)
    features = model(reference.inputs['x'])
    pyramid = MultiLevelNeck(**neck.kwargs)
    pyramid.load_state_dict(neck.weights)
    for index, (feature, level) in enumerate(zip(features, pyramid(features), strict=True)):
        assert_near(feature, reference.outputs[f'y{index}'])
        assert_near(level, neck.outputs[f'z{index}'])


class TestWeights:
    @pytest.mark.parametrize('packed', [False, True])
    @pytest.mark.parametrize(
        'prefix', ['', 'module.', 'model.', 'backbone.', 'backbone_s2.', 'module.model.backbone_s2.']
    )
    def test_every_released_form_loads_and_goes_back(self, fixtures_dir, tmp_path, prefix, packed):
        reference = Reference(fixtures_dir, 'vit_msl_s2')
        theirs = {prefix + name: value for name, value in reference.weights.items()}
        if packed:
            theirs = {name.replace('.in_proj_', '.Wqkv.'): value for name, value in theirs.items()}
        torch.save({'model': theirs}, tmp_path / 'file.pth')
        model = tiny(vocabulary_size=6)
        assert load_pretrained(model, tmp_path / 'file.pth').coverage == 1
        back = from_mmrs(model.state_dict(), KeyFormat.SKYSENSE_VIT)
        assert back.keys() == reference.weights.keys()
        assert all(torch.equal(back[name], value) for name, value in reference.weights.items())

    def test_mmsegmentations_own_backbone_takes_the_weights_and_gives_the_same(self):
        from mmseg.models.backbones import VisionTransformer

        model = tiny(vocabulary_size=6)
        theirs = VisionTransformer(
            img_size=16, patch_size=4, in_channels=10, embed_dims=32, num_layers=4, num_heads=4, with_cls_token=False,
            patch_bias=True, out_indices=(0, 1, 2, 3), norm_cfg={'type': 'LN', 'eps': 1e-6},
            interpolate_mode='bicubic',
        )  # fmt: skip
        theirs.eval()  # returns nothing there
        state = to_mmsegmentation(model)
        theirs.load_state_dict(state)
        image = torch.randn(1, 10, 24, 16)
        for ours, other in zip(model(image), theirs(image), strict=True):
            assert_near(ours, other, 1e-5)
        again = tiny()
        again.load_state_dict(to_mmrs(state, wanted=again.state_dict()).state)
        assert all(torch.equal(value, model.state_dict()[name]) for name, value in again.state_dict().items())

    def test_annotation_branch_is_left_out_where_the_model_has_none(self, fixtures_dir, tmp_path):
        reference = Reference(fixtures_dir, 'vit_msl_s2')
        torch.save(reference.weights | {'ctpe': torch.zeros(1, 365, 4)}, tmp_path / 'file.pth')
        report = load_pretrained(tiny(), tmp_path / 'file.pth')
        assert report.coverage == 1 and report.unexpected == ()
        assert set(report.dropped) >= {'ctpe', 'annotation.tokens', 'unused_cls_token'}

    @pytest.mark.parametrize(('side', 'slot'), [(16, 1), (4, 1), (4, 0)])
    def test_position_embeddings_of_other_training_sizes(self, side, slot):
        """SkySense stage 1: 64 pixels and a class slot; files converted for mmsegmentation: 16 pixels and a slot."""
        state = {'pos_embed': torch.randn(1, side * side + slot, 32)}
        model = tiny()
        adapted, _ = model.adapt_state_dict(state)
        grid = state['pos_embed'][:, slot:].transpose(1, 2).unflatten(2, (side, side))
        expected = torch.nn.functional.interpolate(grid, size=(4, 4), mode='bicubic', align_corners=False)
        assert_near(adapted['pos_embed'], expected.flatten(2).transpose(1, 2), 1e-6)
        model.load_state_dict(state, strict=False)
        assert torch.equal(model.pos_embed, adapted['pos_embed'])

    def test_positions_of_no_square_grid_are_refused(self, fixtures_dir, tmp_path):
        weights = Reference(fixtures_dir, 'vit_msl_s2').weights
        torch.save(weights | {'pos_embed': torch.zeros(1, 18, 32)}, tmp_path / 'file.pth')
        with pytest.raises(WeightsError, match='pos_embed.*18'):
            load_pretrained(tiny(), tmp_path / 'file.pth')
        with pytest.raises(ConfigError, match='pos_embed'):
            tiny().load_state_dict({'pos_embed': torch.zeros(1, 18, 32)}, strict=False)

    def test_partial_coverage_is_refused_and_changes_nothing(self, fixtures_dir, tmp_path):
        weights = Reference(fixtures_dir, 'vit_msl_s2').weights
        torch.save({name: value for name, value in weights.items() if 'layers.3' not in name}, tmp_path / 'file.pth')
        model = tiny()
        before = model.blocks[0].attn.qkv.weight.clone()
        with pytest.raises(WeightsError, match='12 missing: blocks.3'):
            load_pretrained(model, tmp_path / 'file.pth')
        assert torch.equal(model.blocks[0].attn.qkv.weight, before)


class TestBands:
    def test_a_subset_takes_its_kernels_by_name(self, fixtures_dir):
        reference = Reference(fixtures_dir, 'vit_msl_s2')
        model = tiny(bands=('B8', 'B2', 'B3', 'B4'))
        model.load_state_dict(to_mmrs(reference.weights, wanted=model.state_dict()).state)
        kernel = reference.weights['patch_embed.projection.weight'][:, [6, 0, 1, 2]] * 2.5
        assert torch.equal(model.patch_embed.proj.weight, kernel)
        again = tiny(bands=('B8', 'B2', 'B3', 'B4'))
        again.load_state_dict(model.state_dict())
        assert torch.equal(again.patch_embed.proj.weight, kernel)

    @pytest.mark.parametrize(
        ('options', 'message'),
        [
            ({'bands': ('B2', 'B1')}, 'B2, B1.*B8A'),
            ({'bands': ('B2', 'B2')}, 'each once'),
            ({'bands': ('B3', 'B2', 'B4', 'B5', 'B6', 'B7', 'B8', 'B8A', 'B11', 'B12')}, 'expected B2, B3'),
            ({'bands': ('B2', 'B3'), 'in_channels': 3}, 'in_channels'),
            ({'merge_stage': 5, 'vocabulary_size': 6}, 'merge_stage.*0 to 4'),
        ],
    )
    def test_bands_that_contradict_the_sensor_are_refused(self, options, message):
        with pytest.raises(ConfigError, match=message):
            tiny(**options)

    def test_unknown_size(self):
        with pytest.raises(ConfigError, match='large'):
            SkySenseS2('gigantic')


class TestAlone:
    @pytest.mark.parametrize(('cls', 'options', 'channels'), [
        (SkySenseS2, {}, 10),
        (SkySenseS1, {}, 2),
        (SkySenseS1, {'bands': ('VH',)}, 1),
        (SkySenseS2, {'in_channels': 13}, 13),
    ])  # fmt: skip
    @pytest.mark.parametrize('size', [(4, 4), (33, 18)])
    def test_any_band_count_and_size(self, cls, options, channels, size):
        maps = tiny(cls, **options)(torch.randn(2, channels, *size))
        assert [tuple(m.shape) for m in maps] == [(2, 32, -(-size[0] // 4), -(-size[1] // 4))] * 4

    def test_pyramid(self):
        maps = tiny(out_strides=(4, 8, 16, 32))(torch.randn(1, 10, 64, 96))
        assert [tuple(m.shape[2:]) for m in maps] == [(16, 24), (8, 12), (4, 6), (2, 3)]

    def test_ddp_needs_no_search_for_unused_parameters(self):
        model = tiny().train()
        sum(m.square().mean() for m in model(torch.randn(2, 10, 16, 16))).backward()
        assert [name for name, p in model.named_parameters() if p.grad is None] == []

    def test_frozen_layers_and_tokens_take_no_gradient(self):
        model = tiny(frozen_stages=2, vocabulary_size=6, drop_rate=0.5, drop_path_rate=0.5).train()
        ids = torch.randint(0, 7, (2, 16, 16))
        sum(m.square().mean() for m in model(torch.randn(2, 10, 16, 16), ids)).backward()
        trained = {name.split('.')[1] for name, p in model.named_parameters() if p.grad is not None}
        assert trained == {'2', '3'}
        assert not model.drop.training and not model.annotation.training

    def test_compiles_into_one_graph(self):
        model, image, ids = tiny(vocabulary_size=6), torch.randn(1, 10, 20, 16), torch.randint(0, 7, (1, 20, 16))
        compiled = torch.compile(model, backend='eager', fullgraph=True)
        assert_near(compiled(image, ids)[3], model(image, ids)[3], 1e-6)


class TestAnnotations:
    def test_are_padded_like_the_image(self):
        model, image = tiny(vocabulary_size=6), torch.randn(1, 10, 14, 18)
        ids = torch.randint(1, 7, (1, 14, 18))
        padded = [torch.nn.functional.pad(x, (0, 2, 0, 2)) for x in (image, ids)]
        assert torch.equal(model(image, ids)[3], model(*padded)[3])

    def test_every_parameter_of_the_branch_learns(self):
        model = tiny(vocabulary_size=6).train()
        masks = torch.randint(0, 2, (2, 4, 4))
        model(torch.randn(2, 10, 16, 16), torch.randint(0, 7, (2, 16, 16)), masks)[3].square().mean().backward()
        assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []

    @pytest.mark.parametrize(('ids', 'masks', 'message'), [
        (torch.full((1, 16, 16), 7), None, 'ids from 7 to 7.*0 to 6'),
        (torch.full((1, 16, 16), -1), None, 'ids from -1'),
        (torch.zeros(1, 16, 16), None, 'float32.*integer'),
        (torch.zeros(1, 12, 16, dtype=torch.long), None, '12, 16.*16, 16'),
        (torch.zeros(1, 16, 16, dtype=torch.long), torch.zeros(1, 2, 4), 'masks.*1, 4, 4'),
        (None, torch.zeros(1, 4, 4), 'masks alone'),
    ])  # fmt: skip
    def test_that_do_not_fit_are_refused(self, ids, masks, message):
        with pytest.raises(ConfigError, match=message):
            tiny(vocabulary_size=6)(torch.zeros(1, 10, 16, 16), ids, masks)

    def test_need_the_branch(self):
        with pytest.raises(ConfigError, match='Set vocabulary_size'):
            tiny()(torch.zeros(1, 10, 16, 16), torch.zeros(1, 16, 16, dtype=torch.long))


def test_images_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match='4 channels.*expected 10'):
        tiny()(torch.zeros(1, 4, 16, 16))
    with pytest.raises(ConfigError, match='3 x 16 pixels'):
        tiny()(torch.zeros(1, 10, 3, 16))


def test_layer_depths():
    model = tiny(vocabulary_size=6)
    depths = {name: model.get_layer_depth(f'backbone.{name}', 'backbone.')[0] for name, _ in model.named_parameters()}
    assert depths['annotation.tokens'] == depths['annotation.weights'] == 5
    assert depths['annotation.mask_token'] == depths['pos_embed'] == depths['unused_cls_token'] == 0
    assert depths['blocks.3.mlp.fc2.weight'] == 4
