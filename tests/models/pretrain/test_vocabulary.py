"""Coloured annotations to ids against published maps."""

import json
import random

import numpy as np
import pytest
import torch

from mmrs.errors import ConfigError
from mmrs.models.pretrain.vocabulary import MEAN, STD, colours_to_ids, ids_to_colours


def normalised(rgb):
    mean, std = (torch.tensor(x).view(1, 3, 1, 1) for x in (MEAN, STD))
    return (rgb.float() / 255 - mean) / std


@pytest.mark.parametrize('name', ['with_bg', 'no_bg'])
def test_published_maps(fixtures_dir, name):
    with np.load(fixtures_dir / 'skysensepp' / f'convert_target_{name}.npz') as file:
        rgb, mapped = torch.from_numpy(file['rgb']).permute(0, 3, 1, 2), torch.from_numpy(file['mapped'])
        colours = {int(key): code for key, code in json.loads(str(file['kwargs_json']))['idx_2_color'].items()}
    ids, found = colours_to_ids(normalised(rgb), 8, random.Random(3), truncate=True)
    assert torch.equal(ids, mapped) and found == colours
    rounded, found = colours_to_ids(normalised(rgb), 8, random.Random(3))
    assert torch.equal(rounded, mapped)
    assert torch.equal(ids_to_colours(rounded, found), rgb)


@pytest.mark.parametrize('truncate', [False, True])
def test_every_colour_survives_rounding_but_not_truncation(truncate):
    """251, 247 and 250 of 256 values of red, green and blue are left by the original's truncation."""
    ramp = torch.arange(256)
    for channel, left in enumerate((251, 247, 250)):
        rgb = torch.zeros(1, 3, 1, 256, dtype=torch.long)
        rgb[0, channel, 0] = ramp
        _, colours = colours_to_ids(normalised(rgb), 255, truncate=truncate)
        assert len(colours) == (left if truncate else 256)


def test_there_and_back():
    rgb = torch.tensor([[0, 0, 0], [1, 2, 3], [255, 128, 7], [1, 2, 3]]).T.view(1, 3, 2, 2)
    ids, colours = colours_to_ids(normalised(rgb), 4, random.Random(0))
    assert ids[0, 0, 0] == 0 and ids[0, 0, 1] == ids[0, 1, 1] and ids.unique().numel() == 3
    assert torch.equal(ids_to_colours(ids, colours).long(), rgb)


def test_more_colours_than_ids():
    rgb = torch.arange(5).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    with pytest.raises(ConfigError, match='4 colours.*at most 3'):
        colours_to_ids(normalised(rgb), 3)
