"""Boxes of a window: whole ones to the last bit, cut ones in their own direction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from mmrs.datasets.box_windows import show
from mmrs.geo.vector import box_corners

SQUARE = np.array([[10.0, 10], [30, 10], [30, 20], [10, 20]])


@settings(max_examples=60, deadline=None)
@given(
    some.lists(some.tuples(*[some.floats(0, 200)] * 2, *[some.floats(2, 60)] * 2, some.floats(-3, 3)), min_size=1),
    some.integers(0, 100),
    some.integers(0, 100),
)
def test_whole_boxes_keep_their_corners_and_cut_ones_their_direction(boxes, left, top) -> None:
    quads = box_corners(np.array(boxes))
    window = (left, top, left + 120, top + 110)
    shown = show(quads, window, least=0.3)
    for index, quad, share in zip(shown.index, shown.quads, shown.share, strict=True):
        whole = (quads[index] >= window[:2]).all() and (quads[index] <= window[2:]).all()
        if whole:
            assert share == 1 and (quad == quads[index] - (left, top)).all()
            continue
        assert 0.3 <= share <= 1 + 1e-9
        one, other = quad[1] - quad[0], quads[index][1] - quads[index][0]
        parallel = one @ other / (np.hypot(*one) * np.hypot(*other))
        assert parallel == pytest.approx(1, abs=1e-6), 'the first side of the part is the first side of the box'
    missed = set(range(len(quads))) - set(shown.index.tolist())
    assert not any((quads[i] >= window[:2]).all() and (quads[i] <= window[2:]).all() for i in missed)


def test_what_is_cut() -> None:
    cut = show(SQUARE, (0, 0, 25, 100), least=0.7)
    assert cut.share == pytest.approx([0.75]) and cut.quads[0].tolist() == [[10, 10], [25, 10], [25, 20], [10, 20]]
    assert show(SQUARE, (0, 0, 25, 100), least=0.7, cut=False).quads[0].tolist() == SQUARE.tolist()
    assert len(show(SQUARE, (0, 0, 25, 100), least=0.8).index) == 0
    assert len(show(np.empty((0, 4, 2)), (0, 0, 9, 9)).index) == 0
    moved = show(SQUARE, (5, 8, 40, 40))
    assert moved.quads[0].tolist() == (SQUARE - (5, 8)).tolist()
