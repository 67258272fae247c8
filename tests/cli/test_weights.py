"""``mmrs weights`` as a user runs it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from weights.test_verify import light_file

from mmrs.errors import ConfigError, DataError


class Touch:
    """A pickle of this opens a file for writing when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, 'w')


@pytest.fixture
def run(tmp_path: Path):
    folder = tmp_path / 'weights'
    folder.mkdir()

    def command(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, '-m', 'mmrs', 'weights', *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, 'MMRS_WEIGHTS': str(folder), 'OMP_NUM_THREADS': '1'},
            timeout=300,
        )

    return command


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """One line on stderr, exit code 1, no traceback."""
    assert done.returncode == 1
    assert done.stderr.count('\n') == 1 and 'Traceback' not in done.stderr
    return done.stderr


def test_list(run, tmp_path):
    (tmp_path / 'weights' / 'dinov2-small.pth').write_bytes(b'x')
    lines = run('list').stdout.splitlines()
    giant = next(line for line in lines if line.startswith('cgeartheye-giant-518'))
    assert '1,136.5 M' in giant and 'by hand' in giant and 'not stated' in giant
    assert next(line for line in lines if line.startswith('dinov2-small')).rstrip().endswith('yes')
    assert any('pan.baidu.com' in line and 'cgwx' in line for line in lines)


def test_list_json(run):
    entries = {entry['name']: entry for entry in json.loads(run('list', '--json').stdout)}
    assert entries['cgeartheye-giant-224']['model'] == {'type': 'mmrs.CGEarthEye', 'size': 'giant', 'img_size': 224}
    assert entries['cgeartheye-base-518']['sha256'] is None


def test_list_loads_neither_torch_nor_numpy():
    code = (
        'import sys; from mmrs.cli import main; main(["weights", "list"]); '
        'print([name for name in ("torch", "mmengine", "mmcv", "numpy") if name in sys.modules])'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == '[]'


def test_convert_then_verify(run, tmp_path):
    light_file(tmp_path / 'in.pth', 'cgeartheye-small-518')
    done = run('convert', 'in.pth', 'weights/cgeartheye-small-518.safetensors')
    assert done.returncode == 0
    assert 'mmpretrain names -> 174 tensors as mmrs' in done.stdout
    checked = run('verify', 'cgeartheye-small-518')
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert '174 tensors loaded (100.0%)' in checked.stdout and 'none is published' in checked.stdout
    assert checked.stdout.splitlines()[-1].split()[-1] == 'ok'


def test_convert_dry_run(run, tmp_path):
    light_file(tmp_path / 'in.pth', 'cgeartheye-small-518')
    done = run('convert', 'in.pth', 'out.pth', '--to', 'dinov2', '--add-prefix', 'backbone', '--dry-run')
    assert ['backbone.blocks.11.mlp.fc2.weight', '384', 'x', '1536'] in [
        line.split() for line in done.stdout.splitlines()
    ]
    assert 'not written' in done.stdout
    assert not (tmp_path / 'out.pth').exists()


def test_pickle_with_code(run, tmp_path):
    marker, path = tmp_path / 'marker', tmp_path / 'evil.pth'
    torch.save({'state_dict': {'weight': torch.ones(2, 1)}, 'x': Touch(marker)}, path)
    told = refused(run('verify', path))
    assert f'mmrs weights convert {path} {path.with_suffix(".safetensors")}' in told
    assert not marker.exists()

    done = run('convert', path, path.with_suffix('.safetensors'))  # the command that the error named
    assert done.returncode == 0 and 'io.open' in done.stdout
    assert not marker.exists()

    done = run('convert', '--trust-pickle', path, tmp_path / 'trusted.safetensors')
    assert done.returncode == 0
    assert 'warning: --trust-pickle runs the code' in done.stderr
    assert marker.exists()


def test_bad_input(run, tmp_path):
    torch.save({'a': torch.ones(1000)}, tmp_path / 'whole.pth')
    (tmp_path / 'cut.pth').write_bytes((tmp_path / 'whole.pth').read_bytes()[:2000])
    (tmp_path / 'empty.pth').touch()
    done = run('verify', 'absent.pth', 'cut.pth', 'empty.pth', 'whole.pth', 'cgeartheye-giant-518')
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert len(told) == 4
    for line, words in zip(told, ['no such file', 'cut short', 'an empty file', 'pan.baidu.com'], strict=True):
        assert words in line
    assert 'fits no model of the catalogue' in done.stdout
    assert 'fits no model' in done.stdout.splitlines()[-1]


def test_wrong_hash(run, tmp_path):
    light_file(tmp_path / 'a.pth', 'dinov2-small')
    done = run('verify', 'a.pth', '--as', 'dinov2-small')
    assert done.returncode == 1
    assert 'NOT as in the catalogue' in done.stdout


def test_refusals_are_one_line(run):
    assert 'no such file' in refused(run('convert', 'absent.pth', 'out.safetensors'))
    assert 'pan.baidu.com' in refused(run('download', 'cgeartheye-giant-518'))
    assert 'Did you mean' in refused(run('download', 'cgeartheye-gigant'))
    assert not Path('out.safetensors').exists()


def test_wrong_usage(run):
    assert run('convert', 'in.pth').returncode == 2
    assert run('list', '--help').returncode == 0


def test_inspect(run, tmp_path):
    light_file(tmp_path / 'in.pth', 'cgeartheye-giant-224')
    done = run('inspect', 'in.pth')
    assert done.returncode == 0, done.stderr
    assert 'is: cgeartheye-giant-224' in done.stdout and 'red, green, blue' in done.stdout
    rows = {line.split()[0]: line for line in done.stdout.splitlines() if '%' in line}
    assert '100.0%' in rows['cgeartheye-giant-518'] and 'resized (pos_embed)' in rows['cgeartheye-giant-518']
    assert "type='mmrs.CGEarthEye'" in done.stdout and "checkpoint='in.pth'" in done.stdout
    told = json.loads(run('inspect', 'in.pth', '--json').stdout)
    assert told['names'] == [['cgeartheye-giant-224']] and told['parts'][0]['fits'][0]['coverage'] == 1.0


def test_inspect_refuses(run, tmp_path):
    torch.save({'weight': torch.ones(2)}, tmp_path / 'unknown.pth')
    (tmp_path / 'cut.pth').write_bytes((tmp_path / 'unknown.pth').read_bytes()[:500])
    assert 'none of the models that mmrs knows' in refused(run('inspect', 'unknown.pth'))
    assert 'a file cut short' in refused(run('inspect', 'cut.pth'))


def test_merge_lora(run, tmp_path):
    state = {
        'fc.weight': torch.ones(4, 5),
        'fc.lora_down.weight': torch.ones(2, 5),
        'fc.lora_up.weight': torch.ones(4, 2),
    }
    torch.save({'state_dict': {**state, 'fc.lora_scaling': torch.tensor(0.5)}}, tmp_path / 'in.pth')
    done = run('merge-lora', 'in.pth', 'out.pth', '--dry-run')
    assert done.returncode == 0 and 'not written' in done.stdout and not (tmp_path / 'out.pth').exists()
    assert ['fc', '2', '0.5'] in [line.split() for line in done.stdout.splitlines()]
    assert run('merge-lora', 'in.pth', 'out.pth').returncode == 0
    merged = torch.load(tmp_path / 'out.pth', weights_only=True)['state_dict']
    assert set(merged) == {'fc.weight'} and merged['fc.weight'].eq(2).all()
    assert 'no adapters' in refused(run('merge-lora', 'out.pth', 'twice.pth'))


def test_probe_of_a_checkpoint_against_random_weights(run, tmp_path):
    """A checkpoint whose features are the mean colours of patches, on scenes that differ in brightness."""
    from engine.test_probe import write_scenes

    from mmrs.apis.config import load_config
    from mmrs.apis.probe import probe_weights
    from mmrs.engine.probe import fresh_model

    root = write_scenes(tmp_path / 'scenes', 3)
    name = 'quickstart/cgeartheye-tiny_ssl_600_synthetic-change-64'
    torch.save({'state_dict': fresh_model(load_config(name).model, 7).state_dict()}, tmp_path / 'a.pth')
    options = ['--config', name, '--module', 'teacher.backbone', '--train', root / 'train', '--val', root / 'val']
    options += ['--pixels', 32, '--seeds', 2, '--shots', 2]
    done = run('probe', 'a.pth', *options, '--json')
    assert done.returncode == 0, done.stderr
    looks = json.loads(done.stdout)
    assert [(look['weights'], look['seed']) for look in looks] == [
        ('a.pth', 0),
        ('a.pth', 1),
        ('random', 0),
        ('random', 1),
    ]
    assert all(set(look['scores']) == {'knn', 'linear', 'rank'} for look in looks)
    ranks = [look['scores']['rank'] for look in looks]
    assert ranks[0] == ranks[1] and len(set(ranks)) == 3  # one network, and two others; shots change no feature
    given = dict(config=name, module='teacher.backbone', pixels=32)
    with pytest.raises(DataError, match='found 3 samples; expected 4 for --shots'):
        list(probe_weights(tmp_path / 'a.pth', str(root / 'train'), str(root / 'val'), shots=4, **given))
    with pytest.raises(ConfigError, match='--train: found nothing'):
        list(probe_weights(tmp_path / 'a.pth', **given))
