"""Classifying images to CSV: order, scores, unreadable images, several labels."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS
from PIL import Image
from tiny_sets import save

import mmrs.registry  # noqa: F401
from mmrs.apis.classify import classify_images, find_images, load_classifier
from mmrs.errors import ConfigError, DataError, WeightsError

CONFIG = """
default_scope = 'mmpretrain'
custom_imports = dict(imports=['mmrs'])
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(mean=[0.0] * 3, std=[255.0] * 3, to_rgb=False),
    backbone=dict(type='mmrs.CGEarthEye', size=dict(embed_dims=24, num_layers=1, num_heads=3), img_size=28,
        out_type='cls_token'),
    head=dict(type='{head}', in_channels=24, num_classes=3))
pipeline = [dict(type='mmrs.LoadRaster'), dict(type='PackInputs')]
test_dataloader = dict(dataset=dict(
    type='mmrs.SceneFolderDataset', data_root='x', classes=('field', 'forest', 'water'), pipeline=pipeline))
"""


def trained(folder: Path, head: str = 'VisionTransformerClsHead') -> tuple[Path, Path]:
    """A config and a checkpoint with random weights."""
    config, checkpoint = folder / 'tiny.py', folder / 'tiny.pth'
    config.write_text(CONFIG.format(head=head))
    with MODELS.switch_scope_and_registry('mmpretrain') as registry:
        model = registry.build(Config.fromfile(str(config)).model)
    for value in model.head.parameters():
        torch.nn.init.normal_(value)
    torch.save({'state_dict': model.state_dict()}, checkpoint)
    return config, checkpoint


def images(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for number, size in enumerate((28, 28, 42)):
        save(folder / f'{number}.png', random.integers(0, 255, (size, size, 3), np.uint8))
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def test_scores_equal_those_of_the_model(tmp_path: Path) -> None:
    model = load_classifier(*trained(tmp_path))
    paths = find_images([images(tmp_path / 'images')])
    assert classify_images(model, paths, tmp_path / 'out.csv', batch_size=2) == []
    found = rows(tmp_path / 'out.csv')
    assert [row['image'] for row in found] == [str(path) for path in paths]
    for path, row in zip(paths, found, strict=True):
        pixels = torch.from_numpy(np.array(Image.open(path)).transpose(2, 0, 1)).float()[None] / 255
        scores = model.model(pixels, mode='tensor')
        expected = scores.softmax(1)[0]
        assert row['class'] == ('field', 'forest', 'water')[int(expected.argmax())]
        assert abs(float(row['score']) - float(expected.max())) < 1e-5
        assert abs(sum(float(row[name]) for name in ('field', 'forest', 'water')) - 1) < 1e-5


def test_picture_shows_images_evenly_spread_over_the_rows(tmp_path: Path) -> None:
    model = load_classifier(*trained(tmp_path))
    paths = find_images([images(tmp_path / 'images')])
    classify_images(model, paths, tmp_path / 'out.csv', picture=tmp_path / 'three.png')
    classify_images(model, paths * 20, tmp_path / 'out.csv', picture=tmp_path / 'many.png')
    with Image.open(tmp_path / 'three.png') as three, Image.open(tmp_path / 'many.png') as many:
        cells = [image.width * image.height / (268 * 284) for image in (three, many)]
    assert 3 <= cells[0] < 6 and 24 <= cells[1] < 35  # whole rows


def test_unreadable_images_leave_an_empty_row(tmp_path: Path) -> None:
    images(tmp_path / 'images')
    (tmp_path / 'images/1.png').write_bytes(b'')
    model = load_classifier(*trained(tmp_path))
    errors = classify_images(model, find_images([tmp_path / 'images']), tmp_path / 'out.csv')
    assert [Path(error.subject).name for error in errors] == ['1.png']
    assert [bool(row['class']) for row in rows(tmp_path / 'out.csv')] == [True, False, True]


def test_several_labels_are_joined(tmp_path: Path) -> None:
    model = load_classifier(*trained(tmp_path, 'MultiLabelLinearClsHead'))
    model.threshold = 0.0
    classify_images(model, find_images([images(tmp_path / 'images')]), tmp_path / 'out.csv')
    assert rows(tmp_path / 'out.csv')[0]['class'] == 'field;forest;water'
    model.threshold = 1.1
    classify_images(model, find_images([tmp_path / 'images']), tmp_path / 'out.csv')
    assert rows(tmp_path / 'out.csv')[0]['class'] == ''


def test_inputs(tmp_path: Path) -> None:
    images(tmp_path / 'images')
    (tmp_path / 'list.txt').write_text('images/2.png\n\nimages/0.png\n')
    assert [path.name for path in find_images([tmp_path / 'list.txt', tmp_path / 'images/0.png'])] == ['2.png', '0.png']
    (tmp_path / 'empty').mkdir()
    for name, told in (('empty', 'no image'), ('absent', 'no such file')):
        with pytest.raises(DataError, match=told):
            find_images([tmp_path / name])


def test_wrong_models_are_refused(tmp_path: Path) -> None:
    config, checkpoint = trained(tmp_path)
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    state.pop('head.layers.head.bias')
    torch.save({'state_dict': state}, tmp_path / 'other.pth')
    with pytest.raises(WeightsError, match='1 keys that do not fit'):
        load_classifier(config, tmp_path / 'other.pth')
    without = Config.fromfile(str(config))
    without.pop('test_dataloader')
    with pytest.raises(ConfigError, match='no test pipeline'):
        load_classifier(without, checkpoint)


def test_command(tmp_path: Path) -> None:
    config, checkpoint = trained(tmp_path)
    images(tmp_path / 'images')
    command = [sys.executable, '-m', 'mmrs', 'predict', config, checkpoint, tmp_path / 'images', '-o', tmp_path / 'out']

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*map(str, command), *more], capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'}
        )

    assert 'would be classified' in run('--dry-run').stdout and not (tmp_path / 'out').exists()
    done = run()
    assert done.returncode == 0, done.stderr
    assert '3 of 3 images' in done.stdout and len(rows(tmp_path / 'out/classes.csv')) == 3
    assert (tmp_path / 'out/classes_quicklook.png').is_file()
    done = run()
    assert done.returncode == 1 and '--overwrite' in done.stderr and done.stderr.count('\n') == 1
