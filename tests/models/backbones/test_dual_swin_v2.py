"""Two encoders over one stack: fusion, and modalities that are not there."""

import pytest
import torch
from reference import randomise

from mmrs.errors import ConfigError
from mmrs.models import DualSwinV2, MaRS
from mmrs.registry import MODELS

TINY = {'embed_dims': 8, 'depths': (1, 1, 2, 1), 'num_heads': (1, 1, 2, 4)}
STACK = torch.randn(2, 4, 64, 32)


def tiny(**options):
    return randomise(DualSwinV2(TINY, window_size=4, **options)).eval()


def counted(model):
    """Runs of each encoder, counted from now on."""
    runs = dict.fromkeys(model.encoders, 0)
    for name, encoder in model.encoders.items():
        encoder.register_forward_hook(lambda *_, name=name: runs.__setitem__(name, runs[name] + 1))
    return runs


class TestFusion:
    def test_sum_mean_and_concat_of_two_encoders(self):
        model = tiny(fusion='none')
        maps = model(STACK)
        assert torch.equal(maps['rgb'][2], model.encoders['rgb'](STACK[:, :3])[2])
        assert torch.equal(maps['sar'][2], model.encoders['sar'](STACK[:, 3:])[2])
        for fusion, join in (
            ('sum', lambda a, b: a + b),
            ('mean', lambda a, b: (a + b) / 2),
            ('concat', lambda a, b: torch.cat([a, b], 1)),
        ):
            fused = tiny(fusion=fusion)
            fused.load_state_dict(model.state_dict())
            for stage, found in enumerate(fused(STACK)):
                assert torch.equal(found, join(maps['rgb'][stage], maps['sar'][stage]))
                assert found.shape[1] == fused.out_channels[stage]

    def test_mma_changes_the_last_stage_only(self):
        model, plain = tiny(fusion='mma', mma={'num_heads': 4}), tiny()
        plain.load_state_dict({name: value for name, value in model.state_dict().items() if name in plain.state_dict()})
        found, summed = model(STACK), plain(STACK)
        assert all(torch.equal(a, b) for a, b in zip(found[:3], summed[:3], strict=True))
        normed = [
            model.encoders[name].norm(maps[-1].permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            for name, maps in ((n, plain.encoders[n](plain.split(STACK)[n])) for n in ('rgb', 'sar'))
        ]
        torch.testing.assert_close(found[3], sum(model.mma.forward_maps(normed)))

    def test_band_map_in_any_order(self):
        model, other = tiny(), tiny(bands={'rgb': (3, 1, 0), 'sar': (2,)})
        other.load_state_dict(model.state_dict())
        assert torch.equal(other(STACK)[3], model(STACK[:, [3, 1, 0, 2]])[3])

    def test_more_modalities_than_two(self):
        model = tiny(bands={'rgb': (0, 1, 2), 'sar': (3,), 'height': (5,)}, in_channels=6, fusion='concat')
        assert [m.shape[1] for m in model(torch.randn(1, 6, 32, 32))] == [24, 48, 96, 192]


class TestMissingModality:
    @pytest.mark.parametrize('fusion', ['sum', 'mean', 'concat', 'mma', 'none'])
    def test_its_branch_does_not_run(self, fusion):
        model = tiny(fusion=fusion, **({'mma': {'num_heads': 4}} if fusion == 'mma' else {}))
        whole, runs = model(STACK), counted(model)
        model.set_modalities(['sar'])
        alone = model(STACK[:, 3:])
        assert runs == {'rgb': 0, 'sar': 1}
        if fusion == 'none':
            assert list(alone) == ['sar']
            return
        assert [m.shape for m in alone] == [m.shape for m in whole]
        assert torch.equal(model({'sar': STACK[:, 3:]})[3], alone[3])
        assert torch.equal(model(STACK)[3], alone[3])  # the other channels are not read
        model.set_modalities(None)
        assert torch.equal(model({'sar': STACK[:, 3:], 'rgb': None})[3], alone[3])
        assert torch.equal(model(STACK)[3], whole[3])

    def test_alone_is_the_single_encoder_not_zeros(self):
        model = tiny()
        model.set_modalities(['sar'])
        assert torch.equal(model(STACK)[3], model.encoders['sar'](STACK[:, 3:])[3])
        blank = STACK.clone()
        blank[:, :3] = 0
        model.set_modalities(None)
        assert not torch.allclose(model(blank)[3], model.encoders['sar'](STACK[:, 3:])[3])

    def test_one_branch_can_be_built_alone(self):
        model = tiny(bands={'sar': (0,)})
        assert list(model.encoders) == ['sar'] and model(STACK[:, 3:])[3].shape[1] == 64

    def test_dropout_skips_branches_in_training_only(self):
        model = tiny(modality_dropout=0.5)
        runs = counted(model)
        for _ in range(20):
            model(STACK[:1, :, :32])
        assert runs == {'rgb': 20, 'sar': 20}
        model.train()
        for _ in range(40):
            model(STACK[:1, :, :32])
        lost = [60 - count for count in runs.values()]
        assert min(lost) >= 3 and 8 <= sum(lost) <= 32

    def test_a_dropped_branch_gets_no_gradient(self):
        model = tiny(modality_dropout=1.0).train()
        model(STACK)[3].mean().backward()
        trained = {name for name, part in model.encoders.items() if any(p.grad is not None for p in part.parameters())}
        assert len(trained) == 1


class TestBadInput:
    def test_channels_that_contradict_the_band_map(self):
        with pytest.raises(ConfigError, match=r"5 channels; expected 4, as in \{'rgb'.*bands of the backbone"):
            tiny()(torch.randn(1, 5, 32, 32))
        with pytest.raises(ConfigError, match='3 channels; expected 4'):  # not silently taken for RGB
            tiny()(torch.randn(1, 3, 32, 32))
        with pytest.raises(ConfigError, match='2 channels; expected 1'):
            tiny()({'rgb': STACK[:, :3], 'sar': STACK[:, :2]})

    def test_no_modality(self):
        for images in ({}, {'rgb': None, 'sar': None}, {'lidar': STACK}):
            with pytest.raises(ConfigError, match=r"one or more of \['rgb', 'sar'\]"):
                tiny()(images)
        for names in ([], ['lidar'], ['sar', 'lidar']):
            with pytest.raises(ConfigError, match="some of.*'rgb', 'sar'"):
                tiny().set_modalities(names)

    def test_modalities_of_two_resolutions(self):
        with pytest.raises(ConfigError, match='maps of.*one grid'):
            tiny()({'rgb': STACK[:, :3], 'sar': STACK[:, 3:, :32]})

    @pytest.mark.parametrize(
        ('options', 'subject'),
        [
            ({'bands': {'rgb': ()}}, 'bands'),
            ({'bands': {'rgb': (0, 1, -1)}}, 'bands'),
            ({'in_channels': 3}, 'bands'),
            ({'fusion': 'product'}, 'fusion'),
            ({'modality_dropout': 2}, 'modality_dropout'),
            ({'mma': {'num_layers': 1}}, 'mma'),
            ({'weights': {'lidar': 'mars-base-rgb'}}, 'weights'),
        ],
    )
    def test_bad_options(self, options, subject):
        with pytest.raises(ConfigError) as caught:
            tiny(**options)
        assert caught.value.subject == subject


def test_options_reach_the_encoders():
    model = MODELS.build({'type': 'mmrs.DualSwinV2', 'size': TINY, 'frozen_stages': 1, 'out_indices': (1, 3)})
    assert all(isinstance(part, MaRS) and part.frozen_stages == 1 for part in model.encoders.values())
    assert [m.shape[1] for m in model(STACK)] == model.out_channels == [16, 64]
    assert [part.in_channels for part in model.encoders.values()] == [3, 1]
