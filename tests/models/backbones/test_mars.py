"""The sizes of MaRS as its authors released them."""

import json

import pytest
import torch
from reference import randomise

from mmrs.errors import ConfigError
from mmrs.models import MaRS

TINY = {'embed_dims': 8, 'depths': (1, 1, 2, 1), 'num_heads': (1, 1, 2, 4)}
PEERS = {'base': 'swinv2_base_window8_256', 'large': 'swinv2_large_window12to16_192to256'}
PARAMETERS = {
    ('base', 'rgb'): 86_891_768,
    ('base', 'sar'): 86_887_672,
    ('large', 'rgb'): 195_199_860,
    ('large', 'sar'): 195_193_716,
}


@pytest.mark.parametrize('size', PEERS)
def test_released_names_and_shapes(size, fixtures_dir):
    released = json.loads((fixtures_dir / 'mars' / 'release_checkpoint_keys.json').read_text())[PEERS[size]]
    with torch.device('meta'):
        state = MaRS(size).state_dict()
    ours = {name.replace('layers.', 'layers_', 1): list(value.shape) for name, value in state.items()}
    assert list(ours) == list(released) and ours == released
    assert len(ours) == 421


@pytest.mark.parametrize(('size', 'modality'), PARAMETERS)
def test_published_parameter_counts(size, modality):
    with torch.device('meta'):
        model = MaRS(size, modality)
    assert sum(p.numel() for p in model.parameters()) == PARAMETERS[size, modality]


def test_windows_of_the_sizes():
    with torch.device('meta'):
        base, large = MaRS('base'), MaRS('large')
    assert base.window_sizes == (8, 8, 8, 8) and base.pretrained_window_sizes == (0, 0, 0, 0)
    assert large.window_sizes == (16, 16, 16, 16) and large.pretrained_window_sizes == (12, 12, 12, 6)


def test_base_runs():
    model = MaRS('base').eval()
    with torch.no_grad():
        maps = model(torch.randn(1, 3, 96, 64))
    assert [tuple(m.shape) for m in maps] == [(1, 128, 24, 16), (1, 256, 12, 8), (1, 512, 6, 4), (1, 1024, 3, 2)]


def test_negated_tokens_on_request():
    plain, negated = (randomise(MaRS(TINY, embed_sign=sign)).eval() for sign in (1, -1))
    negated.load_state_dict(plain.state_dict())
    image = torch.randn(1, 3, 32, 32)
    expected = plain.forward_tokens(-plain.patch_embed(image))
    assert torch.equal(negated(image)[3], expected[3])
    assert not torch.allclose(negated(image)[3], plain(image)[3])


@pytest.mark.parametrize(('rule', 'channels', 'have'), [('sum', 1, 3), ('nir-from-red', 4, 3)])
def test_weights_of_other_channels(rule, channels, have):
    source = MaRS(TINY, in_channels=have).state_dict()
    model = MaRS(TINY, in_channels=channels, channel_rule=rule)
    adapted, names = model.adapt_state_dict(source)
    assert names == ['patch_embed.proj.weight']
    model.load_state_dict(adapted)
    assert MaRS(TINY, in_channels=channels).adapt_state_dict(source)[1] == []


@pytest.mark.parametrize(
    ('options', 'subject'),
    [
        ({'size': 'huge'}, 'size'),
        ({'modality': 'lidar'}, 'modality'),
        ({'embed_sign': 0}, 'embed_sign'),
        ({'channel_rule': 'select'}, 'channel_rule'),
        ({'channel_rule': 'sum'}, 'channel_rule'),
    ],
)
def test_bad_options(options, subject):
    with pytest.raises(ConfigError) as caught:
        MaRS(**options)
    assert caught.value.subject == subject
