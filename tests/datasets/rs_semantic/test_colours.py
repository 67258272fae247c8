"""Colours of annotations against the published ones."""

import numpy as np
import pytest

from mmrs.datasets.rs_semantic.colours import painted, painter_colours, random_colours, shared_classes
from mmrs.errors import ConfigError


@pytest.mark.parametrize('number', [2, 5, 16, 24, 40])
def test_published_colours(fixtures_dir, number):
    with np.load(fixtures_dir / 'skysensepp' / 'painter_colors.npz') as file:
        assert np.array_equal(painter_colours(number), file[f'n{number}'])


def test_published_painting_of_shared_classes(fixtures_dir):
    with np.load(fixtures_dir / 'skysensepp' / 'convert_colors_pairs.npz') as file:
        labels, colours, expected = file['labels'], file['new'], file['recoloured']
        listed = file['old'][:, 0].tolist()
    shared = shared_classes(labels, listed, wanted=1)
    assert shared == [1, 2, 5]
    assert np.array_equal(painted(labels, shared, colours.astype(np.uint8)).transpose(0, 3, 1, 2), expected)


def test_the_wanted_class_alone_where_none_is_shared():
    labels = np.array([[[0, 1]], [[2, 255]]], np.uint8)
    assert shared_classes(labels, None, wanted=2) == [2]
    assert painted(labels, [2], np.array([7], np.uint8)).tolist() == [[[0, 0]], [[7, 0]]]


def test_random_colours_differ_and_none_is_black():
    class Narrow(np.random.RandomState):
        def randint(self, low, high, size):
            return super().randint(low, low + 6, size)

    found = random_colours(6, Narrow(0))
    assert len(np.unique(found, axis=0)) == 6 and found.sum(1).min() > 0
    assert not np.array_equal(random_colours(4), random_colours(4))


def test_too_few_colours():
    with pytest.raises(ConfigError, match='2 for 3 classes'):
        painted(np.zeros((1, 1), np.uint8), [0, 1, 2], np.ones(2, np.uint8))
    with pytest.raises(ConfigError, match='1 or more'):
        painter_colours(0)
