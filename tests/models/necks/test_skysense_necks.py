"""Up-head, fusion transformer and modality completion of SkySense++ against published outputs."""

import pytest
import torch
from skysense import Reference, assert_near

from mmrs.errors import ConfigError
from mmrs.models import ModalityCompletion, SkySenseFusion, SkySenseUpHead
from mmrs.models.layers import ViTBlock
from mmrs.models.pretrain.skysense_losses import code_divergence, completion_loss
from mmrs.weights.convert import KeyFormat, from_mmrs, to_mmrs

MODALITIES = ('hr', 's2', 's1')


def test_up_head(fixtures_dir):
    reference = Reference(fixtures_dir, 'uphead')
    head = SkySenseUpHead(8, 6)
    head.load_state_dict(reference.weights)
    assert_near(head(reference.inputs['x']), reference.outputs['y'], 1e-6)


class TestFusion:
    def like(self, reference, **options):
        model = SkySenseFusion(24, 32, num_layers=3, num_heads=4, **options).eval()
        converted = to_mmrs(reference.weights)
        assert converted.key_format is KeyFormat.SKYSENSE_FUSION
        model.load_state_dict(converted.state)
        back = from_mmrs(model.state_dict(), KeyFormat.SKYSENSE_FUSION)
        assert back.keys() == reference.weights.keys()
        return model

    @pytest.mark.parametrize(('name', 'out_type'), [('fusion_cls', 'cls_token'), ('fusion_tokens_with_cls', 'all')])
    def test_published_outputs(self, fixtures_dir, name, out_type):
        reference = Reference(fixtures_dir, name)
        model = self.like(reference, out_type=out_type)
        assert_near(model(reference.inputs['x']), reference.outputs['y'])
        for index, found in enumerate(model.forward_blocks(reference.inputs['x'])):
            assert_near(found, reference.outputs[f'block{index}'])

    def test_first_two_tokens(self, fixtures_dir):
        reference = Reference(fixtures_dir, 'fusion_cls')
        model = self.like(reference, out_type='first_two')
        assert_near(model(reference.inputs['x']), reference.outputs['first_two'])

    def test_tokens_alone_as_in_fine_tuning(self, fixtures_dir):
        reference = Reference(fixtures_dir, 'fusion_tokens_with_cls')
        model = self.like(reference, out_type='tokens')
        assert_near(model(reference.inputs['x']), reference.outputs['y'][:, 1:])

    def test_last_block_computes_the_class_token_alone(self):
        model, seen = SkySenseFusion(8, 16, 3, 2), []
        for block in model.blocks:
            block.mlp.register_forward_hook(lambda _, given, __: seen.append(given[0].shape[1]))
        model(torch.randn(4, 5, 8))
        assert seen == [6, 6, 1]

    @pytest.mark.parametrize('options', [{}, {'with_cp': True}, {'with_cls_token': False, 'out_type': 'tokens'}])
    def test_every_parameter_learns(self, options):
        model = SkySenseFusion(8, 16, 2, 2, **options).train()
        model(torch.randn(4, 3, 8)).square().mean().backward()
        assert [name for name, p in model.named_parameters() if p.grad is None] == []

    def test_attention_keeps_no_matrix_for_the_backward_pass(self):
        model, tokens, kept = SkySenseFusion(4, 8, 2, 2), torch.randn(1, 600, 4), []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
            model(tokens)
        assert max(kept) < 600 * 600 / 8

    def test_bad_output(self):
        with pytest.raises(ConfigError, match='out_type.*with_cls_token'):
            SkySenseFusion(8, 16, 2, 2, with_cls_token=False)


class TestFirstQueries:
    def test_equal_those_of_the_whole_sequence(self):
        block, x = ViTBlock(16, 4).eval(), torch.randn(2, 7, 16)
        assert_near(block(x, 2), block(x)[:, :2], 1e-6)
        assert torch.equal(block(x, 9), block(x))

    def test_adapters_are_not_bypassed(self):
        class Adapter(torch.nn.Module):
            def __init__(self, layer):
                super().__init__()
                self.layer = layer

            def forward(self, x):
                return self.layer(x) + 1

        block, x = ViTBlock(16, 4, layer_scale_init=None).eval(), torch.randn(2, 7, 16)
        plain = block(x, 1)
        block.attn.qkv = Adapter(block.attn.qkv)
        assert_near(block(x, 1), block(x)[:, :1], 1e-6)
        assert not torch.allclose(block(x, 1), plain)


class TestCompletion:
    def like(self, reference, **options):
        sizes = {'in_dims': 12, 'conv_dims': 8, 'code_dims': 6, 'num_codes': 16}
        model = ModalityCompletion(**sizes, **options).eval()
        model.load_state_dict(reference.weights)
        return model

    def given(self, reference):
        return {name: reference.inputs[f'feat_{name}'] for name in MODALITIES}

    def test_published_outputs_and_losses(self, fixtures_dir):
        reference = Reference(fixtures_dir, 'modality_completion')
        model, expected = self.like(reference, exchange='sum'), reference.outputs
        done = model(self.given(reference), reference.inputs['modality'], reconstruct=True)
        for index, name in enumerate(MODALITIES):
            assert_near(done.features[name], expected[f'{name}_out'])
            assert_near(done.logits[name], expected[f'logits_{name}'])
            # Where the modality is missing, the published arrays hold what it was completed with.
            has = reference.inputs['modality'][:, index].view(-1, 1, 1, 1)
            shares, present = model.vae(name).assign(done.logits[name]), has.flatten()
            assert_near(shares[present], expected[f'soft_one_hot_{name}'][present])
            assert_near(torch.where(has, done.reconstructed[name], done.features[name]), expected[f'g_{name}'])
        assert_near(code_divergence(done), expected['loss_quant'])
        assert_near(completion_loss(done), expected['loss_vae_total'])

    def test_mean_differs_from_the_originals_sum_only_with_two_sources(self, fixtures_dir):
        reference = Reference(fixtures_dir, 'modality_completion')
        given, present = self.given(reference), reference.inputs['modality']
        mean = self.like(reference)(given, present).features
        total = self.like(reference, exchange='sum')(given, present).features
        two_sources = present.sum(1) == 2
        for index, name in enumerate(MODALITIES):
            same = (mean[name] - total[name]).flatten(1).abs().amax(1) < 1e-6
            assert torch.equal(same, ~(two_sources & ~present[:, index]))

    def test_absent_from_the_batch_is_as_good_as_flagged(self, fixtures_dir):
        reference = Reference(fixtures_dir, 'modality_completion')
        model, given = self.like(reference), self.given(reference)
        flags = torch.tensor([[True, True, False]]).expand(6, -1)
        flagged = model(given, flags, reconstruct=True)
        absent = model({'hr': given['hr'], 's2': given['s2']}, reconstruct=True)
        for name in MODALITIES:
            assert_near(absent.features[name], flagged.features[name], 1e-6)
        assert_near(completion_loss(absent), completion_loss(flagged), 1e-5)

    @pytest.mark.parametrize(('given', 'present', 'message'), [
        ({}, None, 'none; expected at least one of hr, s2, s1'),
        ({'hr': (2, 12, 8, 4)}, [[True] * 3, [False, True, True]], r'sample\(s\) \[1\]'),
        ({'hr': (2, 12, 8, 4), 's2': (2, 12, 4, 4)}, None, 'one shape'),
        ({'hr': (2, 12, 6, 4)}, None, 'multiples of 4'),
        ({'hr': (2, 12, 8, 4)}, [[True] * 2] * 2, r'present.*\(2, 3\)'),
    ])  # fmt: skip
    def test_batches_that_cannot_be_completed_are_refused(self, given, present, message):
        model = ModalityCompletion(12, conv_dims=8, code_dims=6, num_codes=16)
        features = {name: torch.zeros(shape) for name, shape in given.items()}
        with pytest.raises(ConfigError, match=message):
            model(features, None if present is None else torch.tensor(present))

    def test_unknown_exchange(self):
        with pytest.raises(ConfigError, match='exchange'):
            ModalityCompletion(12, exchange='max')
