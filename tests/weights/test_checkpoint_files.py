from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from mmrs.errors import WeightsError
from mmrs.weights.files import read_checkpoint, read_state_dict, sha256_of, write_safetensors


class Touch:
    """A pickle of this opens ``path`` for writing when it is loaded: code that leaves a trace."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, 'w')


class Getattr:
    """A pickle of this reaches for any attribute through ``getattr``."""

    def __reduce__(self):
        from mmengine.logging import HistoryBuffer

        return getattr, (HistoryBuffer, '__init__')


def saved(path: Path, content: object, **options: object) -> Path:
    torch.save(content, path, **options)
    return path


@pytest.fixture
def tensors():
    return {'a.weight': torch.randn(3, 2), 'b': torch.arange(4)}


@pytest.mark.parametrize('container', [(), ('state_dict',), ('model',), ('teacher',), ('model', 'state_dict')])
@pytest.mark.parametrize('zipped', [True, False])
def test_state_dict_is_found_in_its_container(tmp_path, tensors, container, zipped):
    content = {**tensors, 'epoch': 3}
    for name in reversed(container):
        content = {name: content, 'meta': {'note': 'x'}}
    found = read_state_dict(saved(tmp_path / 'a.pth', content, _use_new_zipfile_serialization=zipped))
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], value) for name, value in tensors.items())


@pytest.mark.parametrize('name', ['a.safetensors', 'a.pth'])
def test_safetensors_is_known_by_its_content(tmp_path, tensors, name):
    save_file(tensors, tmp_path / name, metadata={'note': 'x'})
    checkpoint = read_checkpoint(tmp_path / name)
    assert checkpoint['meta'] == {'note': 'x'}
    assert torch.equal(checkpoint['state_dict']['b'], tensors['b'])


def test_checkpoint_of_a_real_training_run_loads_whole(tmp_path):
    """Every kind of object that mmengine's runner saves comes back equal to what an unsafe load gives."""
    script = Path(__file__).with_name('train_a_little.py')
    subprocess.run([sys.executable, script, tmp_path], check=True, capture_output=True, timeout=300)
    path = tmp_path / 'iter_2.pth'
    ours, theirs = read_checkpoint(path), torch.load(path, weights_only=False)
    assert ours.keys() == theirs.keys() >= {'optimizer', 'message_hub', 'param_schedulers', 'ema_state_dict'}
    assert _plain(ours) == _plain(theirs)
    assert 'HistoryBuffer' in repr(_plain(ours))


def _plain(value: object) -> object:
    """Everything as comparable Python, with the types named."""
    if isinstance(value, torch.Tensor):
        return 'tensor', str(value.dtype), value.tolist()
    if isinstance(value, np.ndarray | np.generic):
        return type(value).__name__, str(value.dtype), value.tolist()
    if isinstance(value, dict):
        return [(key, _plain(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if type(value).__name__ == 'HistoryBuffer':
        return 'HistoryBuffer', _plain(value.data), value.max_length
    return value


def test_numpy_and_containers_of_old_checkpoints(tmp_path):
    content = OrderedDict(
        state_dict={'a': torch.ones(1)},
        meta={'f16': np.float16(1.5), 'bool': np.bool_(True), 'text': np.array(['x', 'yy'])},
    )
    meta = read_checkpoint(saved(tmp_path / 'a.pth', content))['meta']
    assert _plain(meta['f16']) == ('float16', 'float16', 1.5) and meta['bool']
    assert meta['text'].tolist() == ['x', 'yy']


def test_numpy_1_names_are_served(tmp_path):
    """Checkpoints that numpy 1 wrote name ``numpy.core``."""
    raw = pickle.dumps(np.arange(3), protocol=2).replace(b'numpy._core.multiarray', b'numpy.core.multiarray')
    path = saved(tmp_path / 'a.pth', {'state_dict': {'a': torch.ones(1)}, 'array': np.arange(3)})
    import zipfile

    renamed = tmp_path / 'old.pth'
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(renamed, 'w', zipfile.ZIP_STORED) as new:
        for item in old.infolist():
            data = old.read(item).replace(b'numpy._core.multiarray', b'numpy.core.multiarray')
            new.writestr(item.filename, data)
    assert b'numpy.core' in raw
    assert read_checkpoint(renamed)['array'].tolist() == [0, 1, 2]


def test_a_config_dict_comes_back_as_a_plain_dict(tmp_path):
    from mmengine.config import ConfigDict

    content = {'state_dict': {'a': torch.ones(1)}, 'meta': {'info': ConfigDict(a=1, b=ConfigDict(c=2))}}
    info = read_checkpoint(saved(tmp_path / 'a.pth', content))['meta']['info']
    assert (type(info), info) == (dict, {'a': 1, 'b': {'c': 2}})


@pytest.mark.parametrize('zipped', [True, False])
def test_a_pickle_with_code_is_refused_and_does_not_run(tmp_path, zipped):
    marker = tmp_path / 'marker'
    path = saved(
        tmp_path / 'evil.pth',
        {'state_dict': {'a': torch.ones(1)}, 'x': Touch(marker)},
        _use_new_zipfile_serialization=zipped,
    )
    with pytest.raises(WeightsError) as caught:
        read_state_dict(path)
    assert not marker.exists()
    assert str(path) in str(caught.value)
    assert f'mmrs weights convert {path} {path.with_suffix(".safetensors")}' in str(caught.value)
    assert 'open' in caught.value.found
    torch.load(path, weights_only=False)
    assert marker.exists(), 'the pickle of this test has to be a real one'


def test_getattr_in_a_pickle_reaches_only_the_listed_methods(tmp_path):
    path = saved(tmp_path / 'evil.pth', {'a': torch.ones(1), 'x': Getattr()})
    with pytest.raises(WeightsError, match='needs code'):
        read_checkpoint(path)


def test_a_whole_pickled_model_is_refused(tmp_path):
    with pytest.raises(WeightsError, match=r'needs code.*torch\.nn\.modules\.linear\.Linear'):
        read_state_dict(saved(tmp_path / 'model.pth', torch.nn.Linear(1, 1)))


def bad(folder: Path, kind: str) -> Path:
    path = folder / 'bad.pth'
    good = saved(folder / 'good.pth', {'a': torch.randn(100, 100)}).read_bytes()
    contents = {
        'zero byte': b'',
        'truncated zip': good[: len(good) // 2],
        'truncated legacy': saved(
            folder / 'l.pth', {'a': torch.ones(99)}, _use_new_zipfile_serialization=False
        ).read_bytes()[:300],
        'web page': b'\n<!DOCTYPE html><html><body>Please log in</body></html>',
        'lfs pointer': b'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
        'noise': b'no checkpoint at all, only words',
    }
    path.write_bytes(contents[kind])
    return path


@pytest.mark.parametrize(
    ('kind', 'told'),
    [
        ('zero byte', 'an empty file'),
        ('truncated zip', 'a file cut short'),
        ('truncated legacy', 'a damaged file'),
        ('web page', 'a web page'),
        ('lfs pointer', 'a Git LFS pointer'),
        ('noise', 'a damaged file'),
    ],
)
def test_broken_files_are_told_apart(tmp_path, kind, told):
    path = bad(tmp_path, kind)
    with pytest.raises(WeightsError) as caught:
        read_state_dict(path)
    assert caught.value.subject == str(path)
    assert told in caught.value.found


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(WeightsError, match='no such file'):
        read_state_dict(tmp_path / 'absent.pth')
    with pytest.raises(WeightsError, match='a folder'):
        read_state_dict(tmp_path)


def test_truncated_safetensors(tmp_path, tensors):
    save_file(tensors, tmp_path / 'a.safetensors')
    (tmp_path / 'b.safetensors').write_bytes((tmp_path / 'a.safetensors').read_bytes()[:-5])
    with pytest.raises(WeightsError, match='a damaged file'):
        read_state_dict(tmp_path / 'b.safetensors')


def test_a_checkpoint_without_tensors(tmp_path):
    with pytest.raises(WeightsError, match=r'no tensors \(epoch, lr\)'):
        read_state_dict(saved(tmp_path / 'a.pth', {'epoch': 1, 'lr': 0.1}))
    with pytest.raises(WeightsError, match='a list'):
        read_state_dict(saved(tmp_path / 'a.pth', [1, 2]))


def test_written_safetensors_hold_views_and_shared_memory(tmp_path):
    base = torch.randn(4, 6)
    state = {
        'whole': base,
        'again': base,
        'view': base[1:, ::2],
        'turned': base.T,
        'half': base.half(),
        'none': base[:0],
    }
    write_safetensors(state, tmp_path / 'a.safetensors', {'note': 'x'})
    found = load_file(tmp_path / 'a.safetensors')
    assert all(torch.equal(found[name], value) for name, value in state.items())
    assert [path.name for path in tmp_path.iterdir()] == ['a.safetensors']
    (tmp_path / 'plain').touch()
    assert (tmp_path / 'a.safetensors').stat().st_mode == (tmp_path / 'plain').stat().st_mode


def test_nothing_is_left_when_writing_fails(tmp_path, tensors, monkeypatch):
    target = tmp_path / 'a.safetensors'
    target.write_bytes(b'before')

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(WeightsError, match='No space left on device'):
        write_safetensors(tensors, target)
    assert target.read_bytes() == b'before'
    assert [path.name for path in tmp_path.iterdir()] == ['a.safetensors']


def test_no_folder_to_write_to(tmp_path, tensors):
    with pytest.raises(WeightsError, match='absent'):
        write_safetensors(tensors, tmp_path / 'absent' / 'a.safetensors')


def test_sha256(tmp_path):
    (tmp_path / 'a').write_bytes(b'abc')
    assert sha256_of(tmp_path / 'a') == 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
