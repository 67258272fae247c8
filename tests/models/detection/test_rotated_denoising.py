"""Denoising queries of oriented boxes: noise, groups, padding, mask."""

import math

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmrs.errors import ConfigError
from mmrs.models.detection.rotated_denoising import RotatedDenoisingQueries

SIZE = (100, 200)


def queries(**options):
    options = {'group_cfg': dict(dynamic=True, num_dn_queries=100), **options}
    return RotatedDenoisingQueries(num_classes=5, embed_dims=8, num_matching_queries=7, **options)


def sample(*boxes):
    truth = InstanceData(bboxes=torch.tensor(boxes).view(-1, 5), labels=torch.arange(len(boxes)))
    return DetDataSample(metainfo=dict(img_shape=SIZE), gt_instances=truth)


BOX = (100.0, 50.0, 60.0, 20.0, 0.9)
RELATIVE = torch.tensor([0.5, 0.5, 0.3, 0.2, 0.9 / math.pi])


def test_noise_moves_by_half_a_side_at_most_and_keeps_the_angle():
    content, boxes, _, meta = queries()([sample(BOX)])
    assert meta == dict(num_denoising_queries=200, num_denoising_groups=100)
    assert content.shape == (1, 200, 8)
    boxes = boxes.sigmoid().view(100, 2, 5)
    torch.testing.assert_close(boxes[..., 4], RELATIVE[4].expand(100, 2))
    sides = RELATIVE[[2, 3, 2, 3]]
    moved = (boxes[..., :4] - RELATIVE[:4]) / (sides / 2)
    assert (moved[:, 0].abs() <= 1 + 1e-4).all()
    # Negative copies move by half to all of a side; sides that would be negative are cut at 0 (0.001 in logits).
    assert ((moved[:, 1].abs() >= 1 - 1e-4) & (moved[:, 1].abs() <= 2 + 1e-4)).all()
    assert moved[:, 0].abs().max() > 0.9 and (moved[:, 0] < 0).any() and (moved[:, 0] > 0).any()


def test_a_quarter_of_the_labels_is_redrawn():
    model = queries(label_noise_scale=0.5)
    with torch.no_grad():
        model.label_embedding.weight.copy_(torch.arange(5.0)[:, None].expand(5, 8))
    found = torch.cat([model.generate_dn_label_query(torch.zeros(50).long(), 10)[:, 0] for _ in range(5)])
    # A redrawn label is the right one in a fifth of the cases.
    assert (found != 0).float().mean().item() == pytest.approx(0.25 * 0.8, abs=0.03)


def test_images_are_padded_to_the_fullest_and_groups_keep_their_places():
    model = queries(group_cfg=dict(dynamic=False, num_groups=2))
    content, boxes, mask, meta = model([sample(BOX), sample(BOX, (50.0, 50, 20, 10, 0.1)), sample()])
    assert meta == dict(num_denoising_queries=8, num_denoising_groups=2) and content.shape == (3, 8, 8)
    angles = boxes[..., 4].sigmoid()
    pad = 0.5
    first, second = 0.9 / math.pi, 0.1 / math.pi
    expected = [[first, pad] * 4, [first, second] * 4, [pad] * 8]
    torch.testing.assert_close(angles, torch.tensor(expected))
    assert mask.shape == (15, 15)
    assert mask[8:, :8].all() and not mask[8:, 8:].any() and not mask[:8, 8:].any()
    assert mask[:4, 4:8].all() and mask[4:8, :4].all() and not mask[:4, :4].any()


@pytest.mark.parametrize(('cap', 'groups'), [(None, 100), (30, 30)])
def test_the_cap_acts_where_it_is_given(cap, groups):
    assert queries(max_num_groups=cap).get_num_groups(1) == groups
    assert queries(max_num_groups=cap).get_num_groups(1000) == 1
    assert queries(max_num_groups=cap).get_num_groups(0) == 1


def test_a_cap_that_nothing_reads_is_refused():
    with pytest.raises(ConfigError, match='Move max_num_groups out of group_cfg'):
        queries(group_cfg=dict(dynamic=True, num_dn_queries=100, max_num_groups=30))


def test_a_batch_without_annotations_has_no_queries():
    content, boxes, mask, meta = queries()([sample(), sample()])
    assert content.shape == (2, 0, 8) and boxes.shape == (2, 0, 5) and mask.shape == (7, 7)
    assert meta['num_denoising_queries'] == 0
