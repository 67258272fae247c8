"""Merging of adapters in files."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file

from mmrs.errors import ConfigError, WeightsError
from mmrs.weights.lora import merge_file, merge_state


def adapters(prefix: str = 'backbone.fc', rank: int = 2, factor: float = 0.5) -> dict[str, torch.Tensor]:
    return {
        f'{prefix}.lora_down.weight': torch.randn(rank, 5),
        f'{prefix}.lora_up.weight': torch.randn(4, rank),
        f'{prefix}.lora_scaling': torch.tensor(factor),
    }


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    return {'backbone.fc.weight': torch.randn(4, 5), 'head.weight': torch.randn(3), **adapters()}


def test_the_formula(state):
    merged = merge_state(state)
    change = 0.5 * state['backbone.fc.lora_up.weight'] @ state['backbone.fc.lora_down.weight']
    assert set(merged) == {'backbone.fc.weight', 'head.weight'}
    torch.testing.assert_close(merged['backbone.fc.weight'], state['backbone.fc.weight'] + change)
    half = merge_state({**state, 'backbone.fc.weight': state['backbone.fc.weight'].bfloat16()})
    assert half['backbone.fc.weight'].dtype == torch.bfloat16


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_files(state, tmp_path, suffix):
    torch.save({'state_dict': state, 'meta': {'epoch': 3, 'note': 'x'}, 'optimizer': {}}, tmp_path / 'in.pth')
    target = tmp_path / f'out{suffix}'
    assert merge_file(tmp_path / 'in.pth', target, dry_run=True).target is None and not target.exists()
    done = merge_file(tmp_path / 'in.pth', target)
    assert (done.layers, done.tensors) == ((('backbone.fc', 2, 0.5),), 2)
    if suffix == '.pth':
        saved = torch.load(target, weights_only=True)
        assert saved['meta'] == {'epoch': 3, 'note': 'x'}
        saved = saved['state_dict']
    else:
        saved = load_file(target)
    assert torch.equal(saved['backbone.fc.weight'], merge_state(state)['backbone.fc.weight'])
    assert [path.name for path in tmp_path.glob('.*')] == []


def test_adapters_alone_take_the_rest_from_a_base_file(state, tmp_path):
    torch.save({name: value for name, value in state.items() if name != 'backbone.fc.weight'}, tmp_path / 'in.pth')
    torch.save({'fc.weight': state['backbone.fc.weight'], 'norm.weight': torch.ones(2)}, tmp_path / 'base.pth')
    merge_file(tmp_path / 'in.pth', tmp_path / 'out.pth', tmp_path / 'base.pth')
    saved = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    assert set(saved) == {'backbone.fc.weight', 'backbone.norm.weight', 'head.weight'}
    assert torch.equal(saved['backbone.fc.weight'], merge_state(state)['backbone.fc.weight'])


def test_what_cannot_be_merged(state, tmp_path):
    with pytest.raises(WeightsError, match='no adapters'):
        merge_state({'a': torch.ones(1)})
    with pytest.raises(WeightsError, match='--base FILE'):
        merge_state(adapters())
    with pytest.raises(WeightsError, match=r'no backbone\.fc\.lora_scaling'):
        merge_state({name: value for name, value in state.items() if 'scaling' not in name})
    with pytest.raises(WeightsError, match='one shape'):
        merge_state({**state, 'backbone.fc.weight': torch.ones(4, 6)})
    torch.save(state, tmp_path / 'in.pth')
    with pytest.raises(ConfigError, match='suffix'):
        merge_file(tmp_path / 'in.pth', tmp_path / 'out.onnx')
    torch.save({'other.weight': torch.ones(1)}, tmp_path / 'base.pth')
    with pytest.raises(WeightsError, match=r'no weight for backbone\.fc'):
        merge_file(tmp_path / 'in.pth', tmp_path / 'out.pth', tmp_path / 'base.pth')
