"""The picture of a scene's boxes: outlines where the objects are, in the colours of the legend."""

from __future__ import annotations

import numpy as np
from PIL import Image

from mmrs.geo.box_picture import write_box_picture

NAMES, PALETTE = ['ship', 'plane', 'none of these'], [(220, 20, 60), (0, 0, 120), (0, 200, 0)]


def near(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.abs(picture.astype(int) - colour).sum(-1) < 40


def draw(path, boxes, labels, **options) -> np.ndarray:
    image = np.full((3, 50, 100), 128, np.uint8)
    image[:, 0, 0], image[:, 0, 1] = 0, 255  # keeps the stretch from changing the grey
    write_box_picture(path, image, np.array(boxes, float), labels, NAMES, PALETTE, **options)
    return np.asarray(Image.open(path).convert('RGB'))


def test_outlines_lie_where_the_boxes_are(tmp_path) -> None:
    picture = draw(tmp_path / 'a.png', [[20, 10, 60, 30]], [0], scale=(0.5, 0.5))
    rows, columns = np.nonzero(near(picture, PALETTE[0]))
    legend = columns > picture.shape[1] * 0.72
    # The panel is 8 inches of 150 dots for 100 pixels, 0.3 inches from the left.
    left, right = columns[~legend].min(), columns[~legend].max()
    assert abs(left - (45 + 10 * 12)) < 5 and abs(right - (45 + 30 * 12)) < 5
    assert legend.any() and not near(picture, PALETTE[2]).any(), 'classes that do not occur are left out'


def test_dark_colours_get_a_light_edge_and_an_angle(tmp_path) -> None:
    picture = draw(tmp_path / 'a.png', [[50, 25, 40, 10, 0.5]], [1], gsd=(0.5, 0.5), north_up=True, title='a.tif')
    panel = picture[100:690, 50:1240]
    rows, columns = np.nonzero(near(panel, PALETTE[1]))
    low, high = columns[rows > rows.mean()].mean(), columns[rows < rows.mean()].mean()
    assert low > high + 100, 'the box falls to the right'
    assert near(panel, (242, 242, 242)).sum() > 200


def test_no_objects(tmp_path) -> None:
    assert draw(tmp_path / 'a.png', np.empty((0, 5)), []).shape[1] > 1200
