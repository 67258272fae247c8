"""Splits by place: neighbours do not leak, whatever the scene, and the draw stays."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from mmrs.datasets.pretraining.split import EARTH_RADIUS, blocks_touched, split_of


def square(longitude: float, latitude: float, metres: float) -> tuple[list[float], list[float]]:
    """Corners of a square on the ground."""
    height = math.degrees(metres / EARTH_RADIUS)
    width = height / math.cos(math.radians(latitude))
    east = (longitude + width + 180) % 360 - 180
    return [longitude, east, east, longitude], [latitude, latitude, latitude - height, latitude - height]


@settings(deadline=None)  # wall-clock limits of single examples fail on busy machines
@given(
    place=st.tuples(st.floats(-180, 179.99), st.floats(-80, 80)),
    shift=st.tuples(st.floats(-0.9, 0.9), st.floats(-0.9, 0.9)),
    metres=st.floats(50, 5000),
    blocks=st.floats(1, 20),
    seed=st.integers(0, 50),
)
def test_patches_that_overlap_are_never_in_two_splits(
    place: tuple[float, float], shift: tuple[float, float], metres: float, blocks: float, seed: int
) -> None:
    step = math.degrees(metres / EARTH_RADIUS)
    moved = place[0] + shift[0] * step / math.cos(math.radians(place[1])), place[1] + shift[1] * step
    both = [(place[0], place[1]), ((moved[0] + 180) % 360 - 180, moved[1])]
    touched = [blocks_touched(*square(*corner, metres), metres * blocks) for corner in both]
    assert touched[0] & touched[1]  # they share ground, so they share a block
    splits = {split_of(found, 0.5, seed) for found in touched} - {None}
    assert len(splits) < 2


def test_blocks_are_the_same_for_every_patch_in_them() -> None:
    inside = blocks_touched(*square(11.0005, 48.0005, 10), 10_000)
    assert len(inside) == 1 and inside == blocks_touched(*square(11.001, 48.0002, 10), 10_000)
    assert 2 <= len(blocks_touched(*square(11.0005, 48.0005, 12_000), 10_000)) <= 9


def test_the_antimeridian_is_no_border() -> None:
    across = blocks_touched([179.999, -179.999, -179.999, 179.999], [10.001, 10.001, 10, 10], 50_000)
    assert len(across) <= 2
    assert across & blocks_touched([-179.9995, -179.9994], [10, 10.0001], 50_000)


def test_shares_are_those_asked_for_and_follow_the_seed() -> None:
    blocks = [(row, column) for row in range(40) for column in range(50)]
    drawn = [split_of({block}, 0.2, 7) for block in blocks]
    assert 0.16 < drawn.count('val') / len(drawn) < 0.24
    assert drawn == [split_of({block}, 0.2, 7) for block in blocks]
    assert drawn != [split_of({block}, 0.2, 8) for block in blocks]
    assert {split_of({block}, 0, 7) for block in blocks} == {'train'}
    assert {split_of({block}, 1, 7) for block in blocks} == {'val'}


def test_a_patch_across_a_border_of_the_splits_is_in_neither() -> None:
    val = next((row, 0) for row in range(99) if split_of({(row, 0)}, 0.5, 0) == 'val')
    train = next((row, 0) for row in range(99) if split_of({(row, 0)}, 0.5, 0) == 'train')
    assert split_of({val, train}, 0.5, 0) is None
