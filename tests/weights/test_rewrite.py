from __future__ import annotations

import argparse
import os
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from mmrs.errors import ConfigError, WeightsError
from mmrs.weights.convert import KeyFormat, from_mmrs
from mmrs.weights.files import read_state_dict, sha256_of
from mmrs.weights.rewrite import rewrite


class Runs:
    """A pickle of this calls ``function`` when it is loaded."""

    def __init__(self, function: object, *args: object) -> None:
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.fixture
def source(tmp_path: Path, state) -> Path:
    theirs = from_mmrs(state, KeyFormat.MMPRETRAIN, 'backbone')
    torch.save({'state_dict': theirs, 'meta': {'epoch': 1}}, tmp_path / 'in.pth')
    return tmp_path / 'in.pth'


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def test_to_ours_and_back_is_bit_exact(tmp_path, source, state):
    done = rewrite(source, tmp_path / 'ours.safetensors')
    assert (done.found, done.prefix, done.dropped) == (KeyFormat.MMPRETRAIN, 'backbone.', ())
    assert same(read_state_dict(done.target), state)
    with safe_open(done.target, 'pt') as file:
        assert file.metadata()['mmrs_source_sha256'] == sha256_of(source)
    back = rewrite(done.target, tmp_path / 'back.pth', KeyFormat.MMPRETRAIN, add_prefix='backbone')
    assert same(read_state_dict(back.target), read_state_dict(source))


def test_mmengines_own_loader_takes_the_pth(tmp_path, source):
    from mmengine.runner.checkpoint import _load_checkpoint_with_prefix

    rewrite(source, tmp_path / 'out.pth', KeyFormat.MMPRETRAIN, add_prefix='backbone')
    assert 'layers.0.ln1.weight' in _load_checkpoint_with_prefix('backbone', str(tmp_path / 'out.pth'))


def test_dry_run_writes_nothing(tmp_path, source):
    done = rewrite(source, tmp_path / 'ours.safetensors', dry_run=True)
    assert done.target is None
    assert ('blocks.0.norm1.weight', (24,)) in done.names
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ['in.pth']


def test_the_mask_token_stays_only_in_dinov2_naming(tmp_path, state):
    torch.save({**state, 'mask_token': torch.ones(1, 24)}, tmp_path / 'hub.pth')
    for to, kept in ((KeyFormat.MMRS, False), (KeyFormat.DINOV2, True), (KeyFormat.MMPRETRAIN, False)):
        done = rewrite(tmp_path / 'hub.pth', tmp_path / 'out.safetensors', to)
        assert ('mask_token' in read_state_dict(done.target)) is kept
        assert done.dropped == (() if kept else ('mask_token',))


def test_onto_itself(source, state):
    done = rewrite(source, source)
    assert same(read_state_dict(done.target), state)


@pytest.mark.parametrize('zipped', [True, False])
def test_the_tensors_of_a_pickle_with_code_come_out_and_the_code_does_not_run(tmp_path, state, zipped):
    marker = tmp_path / 'marker'
    content = {'state_dict': state, 'hook': Runs(open, str(marker), 'w'), 'args': argparse.Namespace(lr=0.1)}
    torch.save(content, tmp_path / 'evil.pth', _use_new_zipfile_serialization=zipped)
    if zipped:
        done = rewrite(tmp_path / 'evil.pth', tmp_path / 'out.safetensors')
        assert done.ignored == ('argparse.Namespace', 'io.open')
        assert same(read_state_dict(done.target), state)
    else:  # the old form does not tell its names beforehand
        with pytest.raises(WeightsError, match='needs code'):
            rewrite(tmp_path / 'evil.pth', tmp_path / 'out.safetensors')
        assert not (tmp_path / 'out.safetensors').exists()
    assert not marker.exists()


def test_a_call_of_the_system_is_never_even_stood_in_for(tmp_path):
    marker = tmp_path / 'marker'
    torch.save({'a': torch.ones(1), 'x': Runs(os.system, f'touch {marker}')}, tmp_path / 'evil.pth')
    with pytest.raises(WeightsError, match='--trust-pickle'):
        rewrite(tmp_path / 'evil.pth', tmp_path / 'out.safetensors')
    assert not marker.exists()
    assert not (tmp_path / 'out.safetensors').exists()


def test_trusting_a_pickle_runs_it(tmp_path, state):
    marker = tmp_path / 'marker'
    torch.save({'state_dict': state, 'x': Runs(open, str(marker), 'w')}, tmp_path / 'in.pth')
    done = rewrite(tmp_path / 'in.pth', tmp_path / 'out.safetensors', trust_pickle=True)
    assert marker.exists()
    assert same(read_state_dict(done.target), state)


def test_a_trusted_whole_model_gives_its_state(tmp_path):
    layer = torch.nn.Linear(2, 1)
    torch.save(layer, tmp_path / 'in.pth')
    done = rewrite(tmp_path / 'in.pth', tmp_path / 'out.safetensors', trust_pickle=True)
    assert same(read_state_dict(done.target), layer.state_dict())


def test_bad_targets(tmp_path, source):
    with pytest.raises(ConfigError, match=r"suffix '\.bin'"):
        rewrite(source, tmp_path / 'out.bin')
    with pytest.raises(ConfigError, match='--to'):
        rewrite(source, tmp_path / 'out.pth', KeyFormat.DINOV2_CHUNKED)
    for name in ('absent/out.safetensors', 'absent/out.pth'):
        with pytest.raises(WeightsError, match='absent'):
            rewrite(source, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ['in.pth']


def test_missing_source(tmp_path):
    with pytest.raises(WeightsError, match='no such file'):
        rewrite(tmp_path / 'absent.pth', tmp_path / 'out.safetensors')
