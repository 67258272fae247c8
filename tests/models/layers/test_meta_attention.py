"""Meta-Modality Attention against published outputs."""

import pytest
import torch
from reference import randomise, read

from mmrs.errors import ConfigError
from mmrs.models.layers import MetaModalityAttention


@pytest.mark.parametrize('name', ['mma_default', 'mma_order_global_first'])
def test_published_maps_layers_and_gradients(name, fixtures_dir):
    reference = read(fixtures_dir / 'mars' / f'{name}.npz')
    options = reference.meta['meta']['kwargs']
    options['order'] = options.pop('aa_order', ('modality', 'global'))
    attention = MetaModalityAttention(**options).eval()
    attention.load_state_dict(reference.sd)
    maps = [reference.inputs[key].requires_grad_() for key in ('rgb', 'sar')]
    rgb, sar = attention.forward_maps(maps)
    torch.testing.assert_close(rgb, reference.out['rgb'], atol=1e-5, rtol=0)
    torch.testing.assert_close(sar, reference.out['sar'], atol=1e-5, rtol=0)
    (rgb.square().mean() + sar.abs().mean()).backward()
    for feature, key in zip(maps, ('rgb', 'sar'), strict=True):
        torch.testing.assert_close(feature.grad, reference.grad[key], atol=1e-5, rtol=0)
    layers = attention.forward_layers([feature.flatten(2).transpose(1, 2) for feature in maps])[1]
    assert len(layers) == options['num_layers']
    for index, layer in enumerate(layers):
        torch.testing.assert_close(layer, reference.out[f'inter_{index}'], atol=1e-5, rtol=0)


@pytest.mark.parametrize(('size', 'count'), [('base', 50_376_704), ('large', 113_313_792)])
def test_published_parameter_counts(size, count):
    with torch.device('meta'):
        attention = MetaModalityAttention({'base': 1024, 'large': 1536}[size])
    assert sum(p.numel() for p in attention.parameters()) == count


def test_paper_residual_keeps_the_input():
    """With silent layers the paper's block passes tokens on, and so does the release's."""
    tokens = [torch.randn(2, 5, 16)]
    for residual in ('release', 'paper'):
        attention = randomise(MetaModalityAttention(16, 1, 4, residual=residual))
        plain = attention(tokens)[0]
        with torch.no_grad():
            for name, parameter in attention.named_parameters():
                if 'fc2' in name:
                    parameter.zero_()
        silent = attention(tokens)[0]
        assert torch.equal(silent, tokens[0]) == (residual == 'release')  # the paper's attention still adds
        assert not torch.allclose(plain, silent)


def test_any_number_and_size_of_modalities():
    attention = randomise(MetaModalityAttention(16, 2, 4)).eval()
    maps = [torch.randn(2, 16, *size) for size in ((4, 4), (2, 3), (4, 4))]
    assert [m.shape for m in attention.forward_maps(maps)] == [m.shape for m in maps]
    with pytest.raises(ConfigError, match=r'widths \[8, 16\]'):
        attention.forward_maps([maps[0], torch.randn(2, 8, 4, 4)])
    with pytest.raises(ConfigError, match='no map'):
        attention.forward_maps([])


def test_equal_sizes_run_as_one_batch_with_the_same_result():
    attention = randomise(MetaModalityAttention(16, 1, 4, order=['modality'])).eval()
    parts = [torch.randn(2, 6, 16), torch.randn(2, 6, 16)]
    for part, found in zip(parts, attention(parts), strict=True):
        torch.testing.assert_close(attention([part])[0], found)


@pytest.mark.parametrize(
    ('options', 'subject'),
    [({'order': ['both']}, 'order'), ({'residual': 'none'}, 'residual'), ({'num_heads': 5}, 'num_heads')],
)
def test_bad_options(options, subject):
    with pytest.raises(ConfigError) as caught:
        MetaModalityAttention(16, **options)
    assert caught.value.subject == subject
