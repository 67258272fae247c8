"""Tiles and mosaics as the original makes them, against its own."""

import json

import numpy as np
import pytest
import torch

from mmrs.datasets.rs_semantic.published import (
    combine,
    crop_and_resize,
    normalise,
    resize_bicubic,
    resize_labels,
)
from mmrs.geo.sensors import SENSORS

SIZES = dict(hr=(512, 512), label=(512, 512), s2=(16, 16), s1=(16, 16))


@pytest.fixture
def published(fixtures_dir, request):
    with np.load(fixtures_dir / 'skysensepp' / f'{request.param}.npz') as file:
        return {
            name: json.loads(str(file[name])) if name == 'kwargs_json' else torch.from_numpy(file[name])
            for name in file.files
            if name != 'note'
        }


def close(found, expected, error):
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < error


@pytest.mark.parametrize('published', ['combine_images'], indirect=True)
def test_order_of_tiles(published):
    tiles = [torch.full((1, 2, 3), number) for number in range(8)]
    assert torch.equal(combine(tiles, (4, 2)), published['out'])


@pytest.mark.parametrize('published', ['mosaic_crop'], indirect=True)
def test_crop_of_a_mosaic(published):
    layers = {name: published[name] for name in ('hr', 's2', 's1')} | {'label': published['target']}
    sizes = dict(hr=(1024, 512), label=(1024, 512), s2=(32, 16), s1=(32, 16))
    found = crop_and_resize(layers, sizes, published['kwargs_json']['ijhw'], exact=False)
    close(found['hr'][:, ::8, ::8], published['out_hr'], 1e-5)
    close(found['s2'], published['out_s2'], 1e-5)
    close(found['s1'], published['out_s1'], 1e-5)
    assert torch.equal(found['label'][:, ::8, ::8], published['out_target'])


@pytest.mark.parametrize('published', ['eval_pipeline'], indirect=True)
def test_a_tile_for_evaluation(published):
    layers = {name: published[name] for name in ('s2', 's1')}
    layers |= {'hr': published['hr'].int(), 'label': published['target']}
    found = crop_and_resize(layers, SIZES, exact=False)
    rgb = SENSORS['rgb']
    close(normalise(found['hr'], rgb.mean, rgb.std)[:, ::4, ::4], published['out_hr'], 1e-5)
    close(normalise(found['label'], rgb.mean, rgb.std)[:, ::4, ::4], published['out_target'], 1e-5)
    for name, sensor in (('s2', 'sentinel2-l2a'), ('s1', 'sentinel1-grd')):
        found_tile = normalise(found[name], SENSORS[sensor].mean, SENSORS[sensor].std)
        close(found_tile, published[f'out_{name}'], 1e-5)


@pytest.mark.parametrize('published', ['eval_pipeline_dynamic_mm'], indirect=True)
def test_a_tile_of_dynamic_earth_net(published):
    from mmrs.datasets.rs_semantic.palettes import get_set

    record = get_set('dynamic-mm')
    image = published['hr'][[band - 1 for band in record.hr_bands]]
    found = normalise(resize_bicubic(image, (512, 512)), record.sensor.mean, record.sensor.std)
    close(found[:, ::4, ::4], published['out_hr'], 1e-5)


def test_exact_labels_stay_with_their_image():
    """A step at pixel 3 of 6 lies in the middle of 5 pixels; the original's is late."""
    labels = torch.tensor([[0, 0, 0, 1, 1, 1]], dtype=torch.uint8)
    assert resize_labels(labels, (1, 4)).tolist() == [[0, 0, 1, 1]]
    assert resize_labels(labels, (1, 5), exact=False).tolist() == [[0, 0, 0, 1, 1]]
    ramp = torch.arange(12, dtype=torch.uint8)[None]
    centres = (torch.arange(4) + 0.5) * 3 - 0.5
    assert (resize_labels(ramp, (1, 4))[0] - centres).abs().max() < 0.6
    assert (resize_labels(ramp, (1, 4), exact=False)[0] - centres).abs().max() == 1
