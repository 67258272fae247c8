"""Boxes of overlapping tiles: what is cut, what is seen twice, what is left alone, and how fast."""

import time

import numpy as np
import pytest

from mmrs.apis.merge_boxes import Boxes, BoxMerger, extents, overlaps
from mmrs.geo.grid import TileGrid
from mmrs.geo.vector import le90

GRID = TileGrid(100, 180, 100, 20)  # two tiles: columns 0 to 100 and 80 to 180


def boxes(*rows, scores=None, labels=None):
    array = np.array(rows, np.float32)
    return Boxes(
        array,
        np.array(scores or [0.5] * len(rows), np.float32),
        np.array(labels or [0] * len(rows), np.int64),
    )


def merged(first, second, iou=0.5):
    merger = BoxMerger(GRID, iou)
    merger.add(0, 0, first)
    merger.add(0, 1, second)
    return merger.finish(oriented=False)


def test_an_object_in_the_overlap_is_one_with_the_best_score():
    found = merged(boxes((84, 10, 94, 20), scores=[0.6]), boxes((4, 10, 15, 20), scores=[0.8]))
    assert found.boxes.tolist() == [[84, 10, 95, 20]] and found.scores.tolist() == pytest.approx([0.8])


def test_a_cut_box_gives_way_to_the_whole_one_whatever_the_scores():
    # The object spans 85 to 120: the left tile sees 85 to 100.
    found = merged(boxes((85, 10, 100, 20), scores=[0.9]), boxes((5, 10, 40, 20), scores=[0.4]))
    assert found.boxes.tolist() == [[85, 10, 120, 20]]


def test_a_box_that_no_tile_holds_as_a_whole_is_kept():
    found = merged(boxes((60, 10, 100, 20), scores=[0.9]), boxes((0, 10, 50, 20), scores=[0.4]))
    assert found.boxes.tolist() == [[60, 10, 100, 20], [80, 10, 130, 20]]


def test_boxes_of_one_tile_or_of_other_classes_do_not_compete():
    twice = boxes((84, 10, 94, 20), (84, 10, 94, 20), scores=[0.9, 0.8])
    assert len(merged(twice, boxes((4, 10, 14, 20), labels=[1]))) == 3


def test_the_edges_of_the_scene_cut_nothing():
    found = merged(boxes((0, 0, 10, 10)), boxes((90, 90, 100, 100)))
    assert len(found) == 2


def test_a_centre_outside_of_the_scene_or_not_finite_is_left_out():
    merger = BoxMerger(TileGrid(50, 50, 100, 0), 0.5)
    merger.add(0, 0, boxes((60, 10, 80, 20), (10, 10, 20, 20), (np.nan, 1, 2, 3)))
    assert merger.finish(oriented=False).boxes.tolist() == [[10, 10, 20, 20]]
    assert BoxMerger(GRID, 0.5).finish(oriented=True).boxes.shape == (0, 5)


def test_long_edge_boxes():
    given = np.array([[5, 5, 2, 8, 0.3], [5, 5, 8, 2, 3.0], [5, 5, 8, 2, -1.0]], np.float32)
    found = le90(given)
    assert found[:, 2:4].tolist() == [[8, 2]] * 3
    assert found[:, 4].tolist() == pytest.approx([0.3 + np.pi / 2 - np.pi, 3.0 - np.pi, -1.0], abs=1e-6)
    np.testing.assert_allclose(extents(found), extents(given), atol=1e-5)


def scattered(count, side, seed=0):
    """Oriented boxes within the tiles of a scene."""
    random = np.random.default_rng(seed)
    grid = TileGrid(side, side, 256, 64)
    array = np.column_stack([
        random.uniform(24, 232, (count, 2)), random.uniform(12, 40, count), random.uniform(6, 12, count),
        random.uniform(-1.5, 1.5, count),
    ]).astype(np.float32)  # fmt: skip
    rows, columns = grid.shape
    tiles = np.sort(random.integers(0, rows * columns, count))
    merger = BoxMerger(grid, 0.1)
    for tile in np.unique(tiles):
        own = tiles == tile
        merger.add(
            *divmod(int(tile), columns),
            Boxes(array[own], random.random(int(own.sum()), np.float32), random.integers(0, 3, int(own.sum()))),
        )
    return merger


def test_the_best_of_each_group_stays_as_plain_loops_find_it():
    merger = scattered(300, 600)
    parts = [np.concatenate([getattr(one, key) for one in merger._found]) for key in ('boxes', 'scores', 'labels')]
    tiles = np.concatenate(merger._tiles)
    order = np.argsort(-parts[1], kind='stable')
    kept: list[int] = []
    for index in order:
        rivals = [k for k in kept if tiles[k] != tiles[index] and parts[2][k] == parts[2][index]]
        same = [overlaps(parts[0], np.array([k]), np.array([index]))[0] >= 0.1 for k in rivals]
        if not any(same):
            kept.append(index)
    found = merger.finish(oriented=True)
    assert 0 < len(kept) < len(order)
    assert found.boxes.tolist() == parts[0][kept].tolist()


def test_a_hundred_thousand_boxes_take_seconds():
    merger = scattered(100_000, 20_000)
    began = time.process_time()
    found = merger.finish(oriented=True)
    assert time.process_time() - began < 15  # about 1 s; a tenth of a small model's 10,000 tiles is minutes
    assert len(found) > 50_000


def test_overlap_of_upright_boxes():
    pair = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]], np.float32)
    assert overlaps(pair, np.array([0, 0]), np.array([1, 2])).tolist() == pytest.approx([1 / 3, 0])
