"""Parts of images: pixels, masks and boxes stay together, and complementary parts share nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmrotate.structures.bbox import RotatedBoxes

from mmrs.datasets.transforms import KeepPart
from mmrs.errors import ConfigError


def sample() -> dict:
    """An image whose pixels are their own number, and a box in each quarter."""
    image = np.arange(9 * 12).reshape(9, 12)
    centres = torch.tensor([[2.0, 2], [8, 2], [2, 7], [8, 7]])
    return dict(
        img=image[..., None],
        gt_seg_map=image + 1,
        seg_fields=['gt_seg_map'],
        img_shape=image.shape,
        ori_shape=image.shape,
        gt_bboxes=RotatedBoxes(torch.cat([centres, torch.tensor([[3.0, 2, 0.3]] * 4)], 1)),
        gt_bboxes_labels=np.arange(4),
        gt_ignore_flags=np.zeros(4, bool),
    )


def test_halves_share_no_ground_and_lose_none() -> None:
    parts = [KeepPart(rows=rows).transform(sample()) for rows in ((0, 0.6), (0.6, 1))]
    np.testing.assert_array_equal(np.concatenate([part['img'] for part in parts]), sample()['img'])
    assert [part['img_shape'] for part in parts] == [part['ori_shape'] for part in parts] == [(5, 12), (4, 12)]
    for part in parts:
        np.testing.assert_array_equal(part['gt_seg_map'], part['img'][..., 0] + 1)
    assert [part['gt_bboxes_labels'].tolist() for part in parts] == [[0, 1], [2, 3]]


def test_boxes_move_with_the_pixels_below_them() -> None:
    part = KeepPart(columns=(0.5, 1), rows=(0.6, 1)).transform(sample())
    (box,) = part['gt_bboxes'].tensor
    assert box.tolist() == pytest.approx([2, 2, 3, 2, 0.3]) and part['gt_bboxes_labels'].tolist() == [3]
    assert part['img'][2, 2, 0] == sample()['img'][7, 8, 0]
    assert len(part['gt_ignore_flags']) == 1


def test_a_part_without_a_box() -> None:
    part = KeepPart(columns=(0, 0.1)).transform(sample())
    assert len(part['gt_bboxes']) == 0 and part['img'].shape == (9, 1, 1)


@pytest.mark.parametrize('share', [(0.5, 0.5), (0.7, 0.2), (-0.1, 1), (0, 1.5)])
def test_shares_that_are_no_part(share: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match=r'KeepPart\(columns\).*Correct the pipeline'):
        KeepPart(columns=share)
