"""Contrast losses against the published ones, and against independent corrected ones."""

import pytest
import torch
from reference import read

from mmrs.errors import ConfigError
from mmrs.models.pretrain.contrast import CrossContrast, clip_contrast

RELEASE = {'drop_first_token': True, 'normalize_global': False, 'hier_label': 'release'}
FILES = ('contrastive_b1n17', 'contrastive_b2n50')


@pytest.fixture(params=FILES)
def reference(request, fixtures_dir):
    found = read(fixtures_dir / 'mars' / f'{request.param}.npz')
    tokens = [found.inputs[name].requires_grad_() for name in ('rgb', 'sar')]
    return found, tokens


def close(found, expected):
    torch.testing.assert_close(found, torch.as_tensor(expected, dtype=found.dtype), atol=1e-5, rtol=0)


def test_clip(reference):
    found, tokens = reference
    scale = torch.ones((), requires_grad=True)
    loss = clip_contrast(*tokens, scale)
    close(loss, found.out['clip'])
    loss.backward()
    close(scale.grad, found.grad['clip_t'])
    for part, name in zip(tokens, ('rgb', 'sar'), strict=True):
        close(part.grad, found.grad[f'clip_{name}'])


def test_released_cross_its_terms_and_gradients(reference):
    found, tokens = reference
    close(CrossContrast(**RELEASE).terms(*tokens), found.out['cross_terms'])
    loss = CrossContrast(**RELEASE)(*tokens)
    close(loss, found.out['cross'])
    loss.backward()
    for part, name in zip(tokens, ('rgb', 'sar'), strict=True):
        close(part.grad, found.grad[f'cross_{name}'])
    other = CrossContrast(0.2, 0.1, 0.3, alpha=1, beta=1, gamma=1, **RELEASE)
    close(other(*tokens), found.out['cross_alt'])


@pytest.mark.parametrize(
    ('options', 'name'),
    [({}, 'fixed'), ({'drop_first_token': True, 'normalize_global': False}, 'fixed_min')],
)
def test_corrected_cross(reference, options, name):
    found, tokens = reference
    loss = CrossContrast(**options)
    close(loss(*tokens), found.out[name][0])
    close(loss.terms(*tokens), found.out[name][1:])


def test_bf16_tokens_are_compared_in_float32():
    tokens = [torch.randn(2, 9, 8).bfloat16() for _ in range(2)]
    loss = CrossContrast()(*tokens)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, CrossContrast()(*(x.float() for x in tokens)))


class Exchange:
    """What two processes would exchange: first records what one gathers, then answers the other with it."""

    def __init__(self, place):
        self.place, self.sent, self.asked = place, [], 0

    def record(self, tensor):
        self.sent.append(tensor)
        return tensor, 0

    def __call__(self, tensor):
        other = self.sent[self.asked]
        self.asked += 1
        return torch.cat([tensor, other] if self.place == 0 else [other, tensor]), self.place * len(tensor)


def test_negatives_of_two_processes_make_one_large_batch():
    """Two processes with half a batch each: the mean of their losses is the loss of the whole batch."""
    whole, loss = [torch.randn(4, 6, 8) for _ in range(2)], CrossContrast()
    halves = [[x[:2] for x in whole], [x[2:] for x in whole]]
    losses = []
    for place in (0, 1):
        exchange = Exchange(place)
        loss.terms(*halves[1 - place], exchange.record)
        losses.append(loss.terms(*halves[place], exchange))
        assert not torch.allclose(losses[-1], loss.terms(*halves[place]))
    torch.testing.assert_close((losses[0] + losses[1]) / 2, loss.terms(*whole))


def test_errors():
    with pytest.raises(ConfigError, match='hier_label'):
        CrossContrast(hier_label='first')
    with pytest.raises(ConfigError, match='more than 1'):
        CrossContrast(drop_first_token=True)(torch.randn(2, 1, 8), torch.randn(2, 1, 8))
