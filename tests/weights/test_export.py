"""Backbones out of checkpoints of the three pretraining models, into the backbones of downstream configs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from skysense import TINY as SKYSENSE
from torch import nn

from mmrs.cli import main
from mmrs.errors import ConfigError, WeightsError
from mmrs.models import CGEarthEye, MaRS
from mmrs.models.necks import SkySenseFusion
from mmrs.models.pretrain import CGEarthEyePretrain, MaRSPretrain
from mmrs.registry import MODELS
from mmrs.weights.convert import KeyFormat
from mmrs.weights.export import export
from mmrs.weights.files import read_checkpoint
from mmrs.weights.inspection import inspect
from mmrs.weights.load import load_pretrained
from mmrs.weights.verify import verify

VIT = dict(embed_dims=12, num_layers=2, num_heads=3)
SWIN = dict(embed_dims=8, depths=(1, 1), num_heads=(1, 2))
HEAD = dict(prototypes=8, hidden_features=8, bottleneck=4)
HR = {**SKYSENSE['backbone_hr'], 'vocabulary_size': None}


def save(model: nn.Module, path: Path, wrapped: str = '') -> Path:
    state = {wrapped + name: value for name, value in model.state_dict().items()}
    torch.save({'state_dict': state, 'meta': {'iter': 7}, 'optimizer': {'state': {}}}, path)
    return path


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp('checkpoints')
    eye = CGEarthEyePretrain(dict(type='mmrs.CGEarthEye', size=VIT, img_size=42), HEAD)
    nn.init.normal_(eye.teacher['backbone'].pos_embed)  # unlike the student's
    whole = MODELS.build(dict(type='mmrs.SkySensePretrain', network=SKYSENSE))
    return dict(
        cgeartheye=save(eye, folder / 'eye.pth', 'module.'),
        mars=save(MaRSPretrain(SWIN, mma=False, contrast_type='none'), folder / 'mars.pth'),
        skysensepp=save(whole, folder / 'sky.pth'),
    )


CASES = {
    'cgeartheye': (None, 'teacher.backbone.', lambda: CGEarthEye(VIT, img_size=42)),
    'mars-rgb': ('encoder_rgb', 'encoder_rgb.encoder.', lambda: MaRS(SWIN, 'rgb', out_indices=(0, 1))),
    'mars-sar': ('encoder_sar', 'encoder_sar.encoder.', lambda: MaRS(SWIN, 'sar', out_indices=(0, 1))),
    'skysensepp-hr': ('backbone_hr', 'model.backbone_hr.', lambda: MODELS.build(dict(type='mmrs.SkySenseHR', **HR))),
    'skysensepp-s2': (
        'backbone_s2',
        'model.backbone_s2.',
        lambda: MODELS.build(dict(type='mmrs.SkySenseS2', **SKYSENSE['backbone_s2'])),
    ),
    'skysensepp-fusion': (
        'fusion',
        'model.fusion.',
        lambda: SkySenseFusion(64, **SKYSENSE['fusion']),
    ),
}


@pytest.mark.parametrize('suffix', ['.safetensors', '.pth'])
@pytest.mark.parametrize('case', CASES)
def test_every_backbone_loads_downstream(case: str, suffix: str, checkpoints: dict[str, Path], tmp_path: Path) -> None:
    part, prefix, build = CASES[case]
    source, target = checkpoints[case.split('-')[0]], tmp_path / f'backbone{suffix}'
    done = export(source, target, part)
    backbone = build()
    assert load_pretrained(backbone, target).coverage == 1
    stored = {
        name.removeprefix('module.'): value
        for name, value in torch.load(source, weights_only=True)['state_dict'].items()
    }
    assert all(torch.equal(value, stored[prefix + name]) for name, value in backbone.state_dict().items())
    meta = read_checkpoint(target)['meta']
    assert meta['mmrs_part'] == done.part and meta['mmrs_iter'] == '7' and len(meta['mmrs_source_sha256']) == 64
    if 'fusion' not in case:
        assert [found.tensors for found in inspect(target).parts] == [len(done.names)]
    assert done.iteration == 7 and done.left == len(stored) - len(done.names)
    export(source, tmp_path / f'ours{suffix}', part, to=KeyFormat.MMRS)
    again = build()
    assert load_pretrained(again, tmp_path / f'ours{suffix}').coverage == 1


def test_a_size_of_the_catalogue_is_verified(tmp_path: Path) -> None:
    with torch.device('meta'):
        shapes = CGEarthEye('small', img_size=518).state_dict()
    state = {f'teacher.backbone.{name}': torch.zeros(value.shape) for name, value in shapes.items()}
    torch.save({'state_dict': state}, tmp_path / 'a.pth')
    export(tmp_path / 'a.pth', tmp_path / 'b.safetensors')
    outcome = verify(str(tmp_path / 'b.safetensors'))
    assert not outcome.problems and 'cgeartheye-small-518' in outcome.fits
    assert inspect(tmp_path / 'b.safetensors').parts[0].names == ('cgeartheye-small-518',)


def test_refusals(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    target = tmp_path / 'a.safetensors'
    with pytest.raises(WeightsError, match=r'2 backbones \(encoder_rgb, encoder_sar\); expected one backbone'):
        export(checkpoints['mars'], target)
    with pytest.raises(WeightsError, match='nothing under encoder_ir.*--part encoder_rgb or encoder_sar'):
        export(checkpoints['mars'], target, 'encoder_ir')
    torch.save({'state_dict': {'head.weight': torch.zeros(1)}}, tmp_path / 'head.pth')
    with pytest.raises(WeightsError, match='names that start with head.weight'):
        export(tmp_path / 'head.pth', target)
    with pytest.raises(WeightsError, match='no such file'):
        export(tmp_path / 'nowhere.pth', target)
    with pytest.raises(ConfigError, match='suffix'):
        export(checkpoints['cgeartheye'], tmp_path / 'a.onnx')
    target.write_bytes(b'mine')
    with pytest.raises(WeightsError, match='--overwrite'):
        export(checkpoints['cgeartheye'], target)
    assert target.read_bytes() == b'mine'
    export(checkpoints['cgeartheye'], target, overwrite=True)
    assert target.stat().st_size > 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.safetensors', 'head.pth']


def test_command(checkpoints: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, '-m', 'mmrs', 'weights', *map(str, arguments)]
        env = {**os.environ, 'OMP_NUM_THREADS': '1'}
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=300)

    dry = run('export', checkpoints['cgeartheye'], '-o', 'eye.safetensors', '--dry-run')
    assert 'layers.1.attn.qkv.weight' in dry.stdout and 'not written (dry run)' in dry.stdout
    assert not list(tmp_path.iterdir())
    done = run('export', checkpoints['cgeartheye'], '-o', 'eye.safetensors')
    assert done.returncode == 0, done.stderr
    assert 'teacher.backbone at iteration 7' in done.stdout and "checkpoint='eye.safetensors'" in done.stdout
    about = inspect(tmp_path / 'eye.safetensors')
    assert about.meta['mmrs_part'] == 'teacher.backbone' and about.parts[0].key_format == 'mmpretrain'
    init = dict(type='mmrs.Pretrained', checkpoint=str(tmp_path / 'eye.safetensors'))
    config = dict(type='mmrs.CGEarthEye', size=VIT, img_size=42, init_cfg=init)
    segmentor = nn.ModuleDict({'backbone': MODELS.build(config)})
    segmentor['backbone'].init_weights()
    wanted = torch.load(checkpoints['cgeartheye'], weights_only=True)['state_dict']['module.teacher.backbone.pos_embed']
    assert torch.equal(segmentor['backbone'].pos_embed, wanted)
    assert main(['weights', 'export', str(checkpoints['mars']), '-o', 'a.pth', '--to', 'klingon']) == 1
    refused = capsys.readouterr().err
    assert refused.count('\n') == 1 and 'skysense-hr' in refused
