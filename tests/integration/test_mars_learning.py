"""MaRS pre-trained for minutes in two processes knows held-out ground better than its random initialisation.

Real: patches of eight registered pairs of optical and SAR images. The optical encoder is probed with scenes of AID, the
SAR encoder with zones of glaciers; pre-training saw neither. Then the optical encoder goes on with AID's training
images without their labels. Synthetic: the quickstart as it is, probed on places apart.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from launching import launch
from mmengine.config import Config

from mmrs.apis.config import load_config
from mmrs.cli.main import main

QUICK = 'quickstart/mars-tiny_ssl_400_synthetic-pairs-64'
PAIRS = (('optsar_vhr_registered', 'opt', 'umbra'), ('m4sar', 'optical', 'earthmiss-sar'))


def cut(source: Path, target: Path, optical: str, sar: str, sensor: str, *options: str) -> None:
    """Patches of 128 pixels by ``mmrs data build``."""
    folders = ['--optical-folder', optical, '--sar-folder', sar, '--sensor', sensor]
    rest = ['--tile', '128', '--workers', '0', '--compress', 'none', *options]
    assert main(['data', 'build', str(source), str(target), *folders, *rest]) == 0


def scores(work: Path) -> list[dict[str, float]]:
    """What the probes saw, by step: the first entry is the random initialisation, the last the end."""
    found: dict[int, dict[str, float]] = {}
    for line in next(work.glob('*/vis_data/scalars.json')).read_text().splitlines():
        entry = json.loads(line)
        probed = {key: value for key, value in entry.items() if key.startswith('probe')}
        found.setdefault(entry['step'], {}).update(probed)
    return [entry for _, entry in sorted(found.items()) if entry]


def on_real_pairs(pairs: Path, data: Path) -> Config:
    """The quickstart on patches of real pairs, with real probes."""
    config = load_config(QUICK)
    folders = {f'{folder}/train/{sensor}_patches': sensor for folder, _, sensor in PAIRS}
    config.train_dataloader.dataset.data_root = str(pairs)
    config.train_dataloader.dataset.folders = folders  # `update` would keep those that were there
    rgb, sar = config.default_hooks.probe_rgb, config.default_hooks.probe_sar
    rgb.update(train=str(data / 'aid_rsicd' / 'train'), val=str(data / 'aid_rsicd' / 'val'), pixels=64)
    glaciers = load_config('quickstart/unet-tiny_fcn_150_caffe-128', {'data_root': str(data / 'caffe_glacier_sar')})
    zones: dict[str, Any] = dict(glaciers.val_dataloader.dataset.to_dict(), _scope_='mmseg')
    seen = glaciers.train_dataloader.dataset.indices
    sar.train, sar.val = dict(zones, indices=seen), zones
    sar.update(mean=[63.3], std=[68.2], patches=1024)
    return config


def on_optical_images(config: Config, data: Path, start: Path) -> Config:
    """The same encoder alone, from its checkpoint, on AID's training images."""
    config = config.copy()
    config.model.update(modalities=('rgb',), contrast_type='none')
    source = config.train_dataloader.dataset
    steps = [dict(type='mmrs.LoadRaster', bands=[1, 2, 3]), *source.pipeline[1:]]
    config.train_dataloader.dataset = dict(
        type='mmrs.OpticalTiles', data_root=str(data / 'aid_rsicd' / 'train'), pipeline=steps
    )
    config.load_from = str(start)
    del config.default_hooks['probe_sar']
    return config


def run(config: Config, seed: int, work: Path) -> list[dict[str, float]]:
    """Trains with a seed in two processes, which share a batch of 32 and its negatives, and returns :func:`scores`."""
    config = config.copy()
    config.randomness = dict(seed=seed)
    config.train_dataloader.batch_size = 16
    config.model.gather_negatives = config.model.contrast_type != 'none'
    config.dump(work.with_suffix('.py'))
    done = launch('dist_train.sh', work.with_suffix('.py'), 2, '--work-dir', work)
    assert done.returncode == 0, done.stderr
    looks = scores(work)
    print(*looks, sep='\n')
    return looks


def shorter(config: Config, length: int) -> Config:
    """The schedule in ``length`` iterations."""
    warm, cosine = config.param_scheduler
    begin = length // 10
    warm.end = begin + 1
    cosine.update(T_max=length - begin, begin=begin, end=length + 1)
    config.train_cfg.max_iters = config.default_hooks.checkpoint.interval = length
    return config


@pytest.mark.long
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_real_pairs_then_optical_images(seed: int, data_dir: Path, tmp_path: Path) -> None:
    for folder, optical, sensor in PAIRS:
        cut(data_dir / folder, tmp_path / folder, optical, 'sar', sensor, '--sar-bands', '1', '--val-share', '0')
    config = shorter(on_real_pairs(tmp_path, data_dir), 200)
    looks = run(config, seed, tmp_path / 'pairs')
    before, after = looks[0], looks[-1]
    for name in ('probe_rgb/linear', 'probe_sar/linear', 'probe_sar/knn'):
        assert after[name] > before[name], name
    assert after['probe_rgb/rank'] > 4 and after['probe_sar/rank'] > 4, 'a collapse'
    found = run(on_optical_images(config, data_dir, tmp_path / 'pairs' / 'iter_200.pth'), seed, tmp_path / 'optical')
    assert found[-1]['probe_rgb/linear'] > before['probe_rgb/linear']


@pytest.mark.long
@pytest.mark.parametrize('seed', [0, 1, 2])
def test_synthetic_pairs(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMRS_DATA', str(tmp_path))
    assert main(['data', 'synth', str(tmp_path / 'synthetic'), '--train', '240', '--val', '80']) == 0
    source, target = tmp_path / 'synthetic', tmp_path / 'synthetic-pairs'
    cut(source, target, 'img_dir/train', 'sar_dir/train', 'synthetic-sar', '--block', '300')
    looks = run(load_config(QUICK), seed, tmp_path / 'run')
    for name in ('probe_rgb/linear_miou', 'probe_sar/linear_miou', 'probe_sar/knn_miou'):
        assert looks[-1][name] > looks[0][name], name
