"""The neck behind our dual backbone and behind backbones that know nothing of modalities."""

import pytest
import torch
from reference import randomise

from mmrs.errors import ConfigError
from mmrs.models import DualSwinV2, MetaModalityNeck
from mmrs.registry import MODELS


def maps(*widths, size=8):
    return tuple(torch.randn(2, width, size >> stage, size >> stage) for stage, width in enumerate(widths))


def neck(**options):
    return randomise(MetaModalityNeck(16, num_heads=4, **options)).eval()


def test_behind_the_dual_backbone():
    arch = {'embed_dims': 8, 'depths': (1, 1), 'num_heads': (1, 2)}
    backbone = DualSwinV2(arch, fusion='none', out_indices=(0, 1), final_norm='last')
    found = neck(residual='paper')(backbone(torch.randn(2, 4, 32, 32)))
    assert [tuple(m.shape) for m in found] == [(2, 8, 8, 8), (2, 16, 4, 4)]


def test_three_modalities_of_any_backbone():
    inputs = [maps(8, 16) for _ in range(3)]
    model = neck(fusion='none')
    attended = model(inputs)
    assert list(attended) == ['0', '1', '2']
    expected = model.attention.forward_maps([part[1] for part in inputs])
    for index, part in enumerate(attended.values()):
        assert part[0] is inputs[index][0] and torch.equal(part[1], expected[index])


def test_other_stage_and_fusion():
    inputs = {'rgb': maps(16, 8), 'sar': maps(16, 8)}
    found = neck(stage=0, fusion='concat')(inputs)
    assert [m.shape[1] for m in found] == [32, 16]
    assert torch.equal(found[1], torch.cat([inputs['rgb'][1], inputs['sar'][1]], 1))


def test_a_missing_modality_keeps_its_place():
    inputs = {'sar': maps(8, 16)}
    found = neck(fusion='concat', modalities=('rgb', 'sar'))(inputs)
    assert not found[0][:, :8].any() and torch.equal(found[0][:, 8:], inputs['sar'][0])


def test_errors():
    with pytest.raises(ConfigError, match='fusion'):
        MODELS.build({'type': 'mmrs.MetaModalityNeck', 'in_channels': 16, 'fusion': 'mma'})
    with pytest.raises(ConfigError, match='one or more of'):
        neck()([])
    with pytest.raises(ConfigError, match="'lidar'"):
        neck(modalities=('rgb', 'sar'))({'lidar': maps(8, 16)})
    with pytest.raises(ConfigError, match=r'widths \[12\]'):
        neck()([maps(8, 12)])
