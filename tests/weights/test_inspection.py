"""What ``inspect`` says of the forms in which weights come."""

from __future__ import annotations

import json
import resource
import struct

import pytest
import torch
from safetensors.torch import save_file
from weights.test_verify import light_file
from weights.tiny_vit import tiny_backbone

from mmrs.errors import WeightsError
from mmrs.registry import MODELS
from mmrs.weights.catalogue import CATALOGUE, ENTRIES
from mmrs.weights.inspection import config_lines, inspect
from mmrs.weights.verify import model_state


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('files')


@pytest.mark.parametrize('name', ['cgeartheye-small-518', 'cgeartheye-giant-224', 'dinov2-base', 'mars-base-rgb'])
def test_a_published_file_is_told_by_names_and_shapes(folder, name):
    found = inspect(light_file(folder / f'{name}.pth', name))
    (part,) = found.parts
    assert part.names == (name,)
    assert part.fits[0].coverage == 1.0 and part.in_channels == 3 and part.prefix == ''
    assert len(part.fits) == len(ENTRIES)
    assert part.parameters == CATALOGUE[name].parameters
    assert found.others == {} and found.form == 'torch' and found.published_as is None


def test_the_config_lines_work(folder):
    path = light_file(folder / 'a.pth', 'cgeartheye-small-518')
    space: dict = {'dict': dict}
    exec(inspect(path).parts[0].config.replace('backbone=dict(', 'backbone = dict(', 1), space)
    model = MODELS.build(space['backbone'])
    model.init_weights()
    assert not model.pos_embed.any()  # the file's zeros


def test_another_grid_is_told_apart(folder):
    found = inspect(light_file(folder / 'b.pth', 'cgeartheye-giant-224'))
    fits = {fit.name: fit for fit in found.parts[0].fits}
    assert fits['cgeartheye-giant-518'].resized == ('pos_embed',) and fits['cgeartheye-giant-518'].enough
    assert found.parts[0].fits[0].name == 'cgeartheye-giant-224'
    small = fits['cgeartheye-small-518']
    assert not small.enough and small.coverage < 0.1 and 'cls_token' in small.mismatched


def test_a_trained_segmentor(folder):
    state = {f'backbone.{name}': value for name, value in tiny_backbone().state_dict().items()}
    state |= {'decode_head.conv_seg.weight': torch.zeros(3, 8, 1, 1), 'decode_head.conv_seg.bias': torch.zeros(3)}
    meta = {'epoch': 3, 'iter': 600, 'dataset_meta': {'classes': ('a', 'b', 'c')}, 'cfg': 'long text'}
    torch.save({'state_dict': state, 'meta': meta, 'optimizer': {'lr': 1.0}}, folder / 'c.pth')
    found = inspect(folder / 'c.pth')
    assert found.meta == {'epoch': 3, 'iter': 600}
    assert found.classes == ('a', 'b', 'c') and found.others == {'decode_head': 2}
    (part,) = found.parts
    assert (part.prefix, part.key_format, part.names, part.config) == ('backbone.', 'dinov2', (), None)


def test_two_models_in_a_file(folder):
    whole = {
        f'{part}.{name}': torch.zeros(1).expand(value.shape)
        for part in ('student', 'teacher')
        for name, value in model_state(CATALOGUE['dinov2-small']).items()
    }
    torch.save(whole, folder / 'd.pth')
    found = inspect(folder / 'd.pth')
    assert [part.prefix for part in found.parts] == ['student.', 'teacher.']
    assert all(f"prefix='{part.prefix[:-1]}'" in part.config for part in found.parts)


def test_a_whole_model_and_its_parts(folder):
    found = inspect(light_file(folder / 'whole.pth', 'skysensepp'))
    parts = {part.prefix: part for part in found.parts}
    assert parts[''].names == ('skysensepp',) and parts[''].config.startswith("model=dict(\n    type='mmrs.SkySensePP'")
    assert parts['backbone_s1.'].in_channels == 2 and parts['backbone_s2.'].in_channels == 10
    for name, kind in (('hr', 'HR'), ('s1', 'S1'), ('s2', 'S2')):
        part = parts[f'backbone_{name}.']
        assert f'skysensepp-{name}' in part.names and f"type='mmrs.SkySense{kind}'" in part.config
        assert all(name in other for other in part.names)
    assert parts['fusion.'].config.startswith('neck=dict(')


def test_partial_coverage_is_told(folder):
    path = light_file(folder / 'e.pth', 'cgeartheye-small-518', **{'norm.bias': None})
    best = inspect(path).parts[0].fits[0]
    assert best.missing == ('norm.bias',) and not best.enough and 0.99 < best.coverage < 1
    assert inspect(path).parts[0].config is None


def test_no_value_is_read(folder):
    """Eight gigabytes that are on no disk: names and shapes are enough."""
    header, end = {'__metadata__': {'mmrs_keys': 'mmrs'}}, 0
    for name, value in model_state(CATALOGUE['cgeartheye-giant-518']).items():
        size = 8 * value.numel()
        header[name] = {'dtype': 'F64', 'shape': list(value.shape), 'data_offsets': [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    with open(folder / 'big.safetensors', 'wb') as file:
        file.write(struct.pack('<Q', len(text)) + text)
        file.truncate(8 + len(text) + end)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = inspect(folder / 'big.safetensors')
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before  # KiB
    assert grown < 1e6 and found.size > 8e9
    assert found.form == 'safetensors' and found.meta == {'mmrs_keys': 'mmrs'}
    assert found.dtypes == {'float64': 566}
    assert found.parts[0].names[0] == 'dinov2-giant'


class Options:
    """What a training script saves beside the weights, and what needs code to load."""


def test_code_is_left_out(folder):
    torch.save({'model': model_state_of_tiny(), 'args': Options(), 'epoch': 11}, folder / 'f.pth')
    found = inspect(folder / 'f.pth')
    assert found.code and found.code[0].endswith('Options') and found.meta['epoch'] == 11


def model_state_of_tiny():
    return tiny_backbone().state_dict()


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        (None, 'no such file'),
        (b'', 'an empty file.*again'),
        (b'PK\x03\x04' + b'x' * 999, 'a file cut short.*again'),
        (b'<!doctype html>', 'a web page.*browser'),
        (b'version https://git-lfs.github.com/spec/v1', 'git lfs pull'),
        (b'\x10\0\0\0\0\0\0\0{"a": 1', 'a damaged file.*again'),
        (b'just words', 'a damaged file.*again'),
    ],
)
def test_what_is_no_checkpoint(tmp_path, content, told):
    path = tmp_path / 'x.pth'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=told):
        inspect(path)


def test_unknown_models(tmp_path):
    save_file({'conv.weight': torch.zeros(2), 'fc.weight': torch.zeros(2)}, tmp_path / 'x.safetensors')
    with pytest.raises(
        WeightsError, match=r'2 tensors \(conv.weight, fc.weight\) and none of the models .* weights list'
    ):
        inspect(tmp_path / 'x.safetensors')


def test_a_safetensors_file_cut_short(tmp_path):
    save_file({'a': torch.zeros(999)}, tmp_path / 'x.safetensors')
    data = (tmp_path / 'x.safetensors').read_bytes()
    (tmp_path / 'x.safetensors').write_bytes(data[:-50])
    with pytest.raises(WeightsError, match='again'):
        inspect(tmp_path / 'x.safetensors')


def test_config_lines_take_a_prefix():
    assert "checkpoint='a.pth', prefix='backbone')" in config_lines(CATALOGUE['dinov2-small'], 'a.pth', 'backbone')
