"""``mmrs predict --prompt`` as a user runs it, and what it says to examples that do not fit."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import rasterio
import torch
from rasterio.transform import from_origin

from mmrs.apis.config import load_config
from mmrs.apis.in_context import InContextSegmenter, Prompt
from mmrs.apis.prompted import PromptedLogits, load_prompted
from mmrs.cli.main import main
from mmrs.errors import ConfigError
from mmrs.registry import MODELS

CONFIG = 'quickstart/skysensepp-tiny_msl_400_synthetic-mosaics-32'


def save(path, pixels):
    place = {'crs': 'EPSG:32633', 'transform': from_origin(5e5, 5e6, 2, 2)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, 'w', driver='GTiff', count=len(pixels), height=pixels.shape[1], width=pixels.shape[2],
        dtype=pixels.dtype, **place,
    ) as file:  # fmt: skip
        file.write(pixels)
    return str(path)


def halves(height, width, left=3, right=5):
    """Bright on the left, dark on the right; and the classes."""
    mask = np.full((1, height, width), right, np.uint8)
    mask[..., : width // 2] = left
    image = np.repeat(np.where(mask == left, 220, 30).astype(np.uint8), 3, axis=0)
    return image, mask


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    root = tmp_path_factory.mktemp('prompts')
    torch.manual_seed(0)
    model = MODELS.build(load_config(CONFIG).model)
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, root / 'model.pth')
    image, mask = halves(64, 64)
    part = np.where(mask == 3, mask, np.uint8(255))
    return {
        'root': root,
        'model': str(root / 'model.pth'),
        'scene': save(root / 'scenes/scene.tif', halves(90, 150)[0]),
        'prompt': [save(root / 'a.tif', image), save(root / 'a_mask.tif', mask)],
        'part': [save(root / 'b.tif', image), save(root / 'b_mask.tif', part)],
    }


class Oracle(torch.nn.Module):
    """Answers by the example whose pixels look like the tile's."""

    head_rec_hr = type('Head', (), dict(conv_seg=type('Conv', (), dict(out_channels=9))))()

    def __init__(self):
        super().__init__()
        self.anchor = torch.nn.Parameter(torch.zeros(1))

    def forward(self, images, ids, masks):
        hr, side = images['hr'], ids.shape[1] // 2
        logits = torch.zeros(len(ids), 9, 2 * side, side)
        for index in range(len(ids)):
            for value in ids[index, :side].unique().tolist():
                seen = hr[index, 0, :side][ids[index, :side] == value].mean()
                logits[index, value] = 20 - 8 * (hr[index, 0] - seen).abs()
        return type('Output', (), dict(logits=logits))


def test_tiles_are_compared_with_every_example_and_values_kept():
    image, mask = halves(64, 64)
    part = np.where(mask == 3, mask, np.uint8(255))
    shown = [Prompt(np.moveaxis(image, 0, -1), m[0]) for m in (mask, part)]
    network = PromptedLogits(InContextSegmenter(Oracle(), 64), shown)
    assert network.classes == [False] * 3 + [True, False, True, True]  # 3, 5, and none of them
    pixels = torch.from_numpy(halves(64, 64)[0]).float().flip(2)
    normalised = (pixels - torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)) / 58
    answers = network(normalised.expand(4, -1, -1, -1))
    assert answers.shape == (4, 7, 64, 64)
    shares = answers.exp()
    assert shares[:, 3, :, 40:].min() > 0.9 and shares[:, 5, :, :24].min() > 0.9  # each by those that show it
    assert shares[:, 6, :, :24].min() > 0.9 and shares[:, :3].max() < 1e-5
    assert answers.isfinite().all()


def test_a_whole_scene_in_a_process_of_its_own(files, tmp_path):
    command = [sys.executable, '-m', 'mmrs', 'predict', CONFIG, files['model'], files['scene'], '-o', str(tmp_path)]
    prompts = ['--prompt', *files['prompt'], '--prompt', *files['part'], '--prompt-classes', 'field,road']
    done = subprocess.run(
        [*command, *prompts, '--device', 'cpu'], capture_output=True, text=True, env={**os.environ}, timeout=300
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / 'scene.json').read_text())
    assert [item['name'] for item in record['classes']] == [
        'unused 0', 'unused 1', 'unused 2', 'field', 'unused 4', 'road', 'none of them',
    ]  # fmt: skip
    assert len(record['model']['prompts']) == 2
    with rasterio.open(tmp_path / 'scene_classes.tif') as found, rasterio.open(files['scene']) as scene:
        assert (found.crs, found.transform, found.shape) == (scene.crs, scene.transform, scene.shape)
        assert set(np.unique(found.read(1))) <= {3, 5, 6}
    assert (tmp_path / 'scene_quicklook.png').is_file()


def test_a_list_of_images(files, tmp_path, capsys):
    names = files['root'] / 'images.txt'
    names.write_text('scenes/scene.tif\na.tif\n')
    arguments = [CONFIG, files['model'], str(names), '-o', str(tmp_path), '--prompt', *files['prompt']]
    assert main(['predict', *arguments, '--device', 'cpu', '--no-quicklook']) == 0
    assert {path.name for path in tmp_path.glob('*.tif')} == {'scene_classes.tif', 'a_classes.tif'}


@pytest.mark.parametrize(('change', 'message'), [
    (dict(mask=np.ones((1, 64, 60), np.uint8)), '1 x 64 x 60; expected 1 x 64 x 64'),
    (dict(mask=np.full((1, 64, 64), 255, np.uint8)), 'no class'),
    (dict(mask=np.where(halves(64, 64)[1] == 3, np.uint8(0), np.uint8(255))), '0 and 255 alone'),
    (dict(image=np.ones((2, 64, 64), np.uint8)), 'band'),
    (dict(image=np.ones((3, 64, 64), np.uint16)), '3 bands of uint16'),
    (dict(scene=np.ones((3, 64, 64), np.uint16)), 'pixels of uint16'),
    (dict(scene=np.ones((2, 64, 64), np.uint8)), 'band'),
    (dict(names='a,b,c'), '3 names; expected 2'),
])  # fmt: skip
def test_refusals(files, tmp_path, capsys, change, message):
    image, mask = files['prompt']
    image = save(tmp_path / 'image.tif', change['image']) if 'image' in change else image
    mask = save(tmp_path / 'mask.tif', change['mask']) if 'mask' in change else mask
    scene = save(tmp_path / 'other.tif', change['scene']) if 'scene' in change else files['scene']
    options = ['--prompt-classes', change['names']] if 'names' in change else []
    arguments = [CONFIG, files['model'], scene, '-o', str(tmp_path / 'out'), '--prompt', image, mask, *options]
    assert main(['predict', *arguments, '--device', 'cpu']) == 1
    assert message in capsys.readouterr().err


def test_examples_and_models_belong_together(files, tmp_path, capsys):
    arguments = ['predict', CONFIG, files['model'], files['scene'], '-o', str(tmp_path)]
    assert main(arguments) == 1 and 'Show what to look for' in capsys.readouterr().err
    with pytest.raises(ConfigError, match='Leave --prompt out'):
        load_prompted('quickstart/unet-tiny_fcn_150_caffe-128', files['model'], [files['prompt']])
