"""RHINO as a whole: proposals, decoder, training and prediction on real samples."""

import math

import numpy as np
import pytest
import torch
from mmdet.models.layers.transformer.utils import coordinate_to_encoding
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from mmrotate.structures.bbox import RotatedBoxes, qbox2rbox
from PIL import Image
from tiny_rhino import annotations, build

from mmrs.models.detection.rhino import _with_regular_boxes

SHAPES = torch.tensor([[8, 8], [4, 4]])


def batch(sizes=((64, 64), (48, 64)), counts=(3, 1)):
    samples = []
    for size, count in zip(sizes, counts, strict=True):
        truth = annotations(count)
        truth.bboxes = RotatedBoxes(truth.bboxes - torch.tensor([0, 0, 0, 0, math.pi / 2]))  # le90
        meta = dict(img_shape=size, ori_shape=size, scale_factor=(1.0, 1.0), img_id=1)
        samples.append(DetDataSample(metainfo=meta, gt_instances=truth))
    return {'inputs': [torch.randint(0, 255, (3, *size)).float() for size in sizes], 'data_samples': samples}


def test_proposals_are_squares_at_a_right_angle():
    model = build()
    memory, found = model.gen_encoder_output_proposals(torch.randn(1, 80, 16), None, SHAPES)
    boxes = found.sigmoid()[0]
    assert boxes[9].tolist() == pytest.approx([1.5 / 8, 1.5 / 8, 0.05, 0.05, 0.5])
    assert boxes[64].tolist() == pytest.approx([0.5 / 4, 0.5 / 4, 0.1, 0.1, 0.5])
    assert memory.shape == (1, 80, 16)


def test_proposals_in_the_padding_are_not_valid():
    mask = torch.zeros(1, 8, 8, dtype=torch.bool)
    mask[:, 6:] = True
    mask = torch.cat([mask.flatten(1), mask[:, ::2, ::2].flatten(1)], 1)
    found = build().gen_encoder_output_proposals(torch.randn(1, 80, 16), mask, SHAPES)[1]
    assert (found.isinf().all(-1) == mask).all() and (found.isfinite().all(-1) == ~mask).all()
    assert found[0, 0].sigmoid().tolist() == pytest.approx([0.5 / 8, 0.5 / 6, 0.05, 0.05, 0.5])


def test_decoder_gives_attention_radians_and_refines_in_logits(monkeypatch):
    model = build().eval()
    for branch in model.bbox_head.reg_branches:
        torch.nn.init.normal_(branch[-1].weight)
    decoder, seen = model.decoder, []
    for layer in decoder.layers:
        monkeypatch.setattr(layer, 'forward', lambda query, **given: seen.append(given) or query * 1.5)
    start, query = torch.rand(1, 6, 5) * 0.9 + 0.05, torch.randn(1, 6, 16)
    ratios = torch.tensor([[[0.5, 0.75], [0.5, 1.0]]])
    states, references = decoder(query, None, None, None, start, SHAPES, None, ratios, model.bbox_head.reg_branches)
    scale = torch.tensor([0.5, 0.75, 0.5, 0.75, math.pi])
    torch.testing.assert_close(seen[0]['reference_points'][:, :, 0], start * scale)
    encoding = coordinate_to_encoding((start * scale)[..., :4], num_feats=8)
    assert encoding.shape[-1] == 32
    torch.testing.assert_close(seen[0]['query_pos'], decoder.ref_point_head(encoding))
    refined = (model.bbox_head.reg_branches[0](query * 1.5) + torch.logit(start)).sigmoid()
    torch.testing.assert_close(references[1], refined, atol=1e-5, rtol=0)
    assert references[1].requires_grad and not seen[1]['reference_points'].requires_grad
    torch.testing.assert_close(states[1], decoder.norm(query * 2.25))


def test_annotations_become_long_edge_boxes_from_zero_to_pi_and_stay_as_they_are_outside():
    sample = batch()['data_samples'][0]
    given = torch.tensor([[5.0, 5, 2, 8, -0.2], [5, 5, 8, 2, -0.2], [5, 5, 8, 2, 0.3]])
    sample.gt_instances.bboxes = RotatedBoxes(given.clone())
    found = _with_regular_boxes(sample).gt_instances.bboxes
    expected = [[8, 2, math.pi / 2 - 0.2], [8, 2, math.pi - 0.2], [8, 2, 0.3]]
    torch.testing.assert_close(found[:, 2:], torch.tensor(expected))
    assert (sample.gt_instances.bboxes.tensor == given).all()


@pytest.mark.parametrize('counts', [(3, 1), (0, 2), (0, 0)])
@pytest.mark.parametrize('cross_attention', ['faithful', 'rotated'])
def test_a_training_step_reaches_every_parameter(counts, cross_attention):
    model = build(cross_attention=cross_attention)
    assert {layer.cross_attn.geometry for layer in model.decoder.layers} == {cross_attention}
    data = model.data_preprocessor(batch(counts=counts), True)
    losses = model(**data, mode='loss')
    parts = [f'{p}{n}' for p in ('', 'd0.', 'enc_', 'dn_', 'd0.dn_') for n in ('loss_cls', 'loss_bbox', 'loss_iou')]
    assert sorted(losses) == sorted(parts)
    total, _ = model.parse_losses(losses)
    total.backward()
    assert total.isfinite()
    if all(counts):
        # The last norm is kept for other outputs; the encoder's branches train by the proposals.
        left = [key for key, p in model.named_parameters() if p.grad is None]
        assert left in ([], ['backbone.norm.weight', 'backbone.norm.bias']), left


def test_predicts_without_a_preprocessor_trick_on_padded_batches():
    model = build().eval()
    with torch.no_grad():
        found = model(**model.data_preprocessor(batch()), mode='predict')
    for sample, height in zip(found, (64, 48), strict=True):
        boxes = sample.pred_instances.bboxes
        assert boxes.shape == (20, 5) and (boxes[:, 1] <= height).all() and (boxes[:, 4] < math.pi).all()


def real_crop(data_dir, side=96):
    """A window of a real scene around its first object, and the boxes whose centre lies within."""
    with Image.open(data_dir / 'm4sar' / 'optical' / '23898.tif') as file:
        image = torch.from_numpy(np.array(file)).permute(2, 0, 1).float()
    lines = (data_dir / 'm4sar' / 'labelTxt' / '23898.txt').read_text().splitlines()
    boxes = qbox2rbox(torch.tensor([[float(value) for value in line.split()[:8]] for line in lines]))
    x, y = (int(min(max(value - side / 2, 0), 512 - side)) for value in boxes[0, :2].tolist())
    boxes[:, :2] -= torch.tensor([x, y])
    boxes = boxes[((boxes[:, :2] > 0) & (boxes[:, :2] < side)).all(1)]
    truth = InstanceData(bboxes=RotatedBoxes(boxes), labels=torch.zeros(len(boxes), dtype=torch.long))
    meta = dict(img_shape=(side, side), ori_shape=(side, side), scale_factor=(1.0, 1.0))
    sample = DetDataSample(metainfo=meta, gt_instances=truth)
    return {'inputs': [image[:, y : y + side, x : x + side]], 'data_samples': [sample]}


def test_learns_a_real_scene(data_dir):
    torch.manual_seed(0)
    model, data = build(), real_crop(data_dir)
    assert len(data['data_samples'][0].gt_instances) >= 1
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    curve = []
    for _ in range(25):
        losses, _ = model.parse_losses(model(**model.data_preprocessor(data, True), mode='loss'))
        optimiser.zero_grad()
        losses.backward()
        optimiser.step()
        curve.append(losses.item())
    assert sum(curve[-5:]) < 0.75 * sum(curve[:5])
    with torch.no_grad():
        found = model.eval()(**model.data_preprocessor(data), mode='predict')[0].pred_instances
    assert len(found) and found.bboxes.isfinite().all()
