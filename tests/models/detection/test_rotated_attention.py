"""Where oriented reference boxes put the sampling points."""

import pytest
import torch
from mmcv.ops import multi_scale_deform_attn
from reference import read

from mmrs.errors import ConfigError
from mmrs.models.detection.rotated_attention import RotatedDeformableAttention

SHAPES = torch.tensor([[8, 16], [4, 8]])


def sampled(geometry, box, offsets, monkeypatch):
    """Points (heads, levels, points, 2) that one query with these raw offsets samples."""
    seen = []
    plain = multi_scale_deform_attn.multi_scale_deformable_attn_pytorch
    monkeypatch.setattr(
        multi_scale_deform_attn,
        'multi_scale_deformable_attn_pytorch',
        lambda value, shapes, places, weights: seen.append(places) or plain(value, shapes, places, weights),
    )
    model = RotatedDeformableAttention(8, 2, 2, 4, dropout=0.0, batch_first=True, geometry=geometry).double()
    with torch.no_grad():
        model.sampling_offsets.bias.copy_(offsets.expand(2, 2, 4, 2).flatten())
    projection = model.sampling_offsets
    reference = box.expand(1, 1, 2, -1).double()
    model(
        torch.randn(1, 1, 8).double(),
        value=torch.randn(1, 160, 8).double(),
        reference_points=reference,
        spatial_shapes=SHAPES,
        level_start_index=torch.tensor([0, 128]),
    )
    assert model.sampling_offsets is projection
    return seen[0][0, 0]


def test_faithful_points_equal_the_reference(fixtures_dir, monkeypatch):
    given = read(fixtures_dir / 'cgeartheye' / 'rhino_costs.npz').other
    points = sampled('faithful', given['ref'], given['offsets'], monkeypatch)
    torch.testing.assert_close(points, given['sampling'].expand(2, 2, 4, 2), atol=1e-8, rtol=0)


def test_rotated_points_lie_on_the_turned_box(monkeypatch):
    # Offsets of 4 (divided by the 4 points) reach the corners. Level 0 has square cells on 16 x 8 of them.
    offsets = 4.0 * torch.tensor([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    box = torch.tensor([0.5, 0.5, 0.5, 0.25, torch.pi / 2])  # 8 x 2 cells, turned upright
    points = sampled('rotated', box, offsets, monkeypatch)[0, 0] * torch.tensor([16, 8])
    expected = torch.tensor([[7.0, 8], [7, 0], [9, 0], [9, 8]]).double()
    torch.testing.assert_close(points, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize('geometry', ['faithful', 'rotated'])
def test_upright_boxes_sample_as_in_dino(geometry, monkeypatch):
    box, offsets = torch.tensor([0.4, 0.3, 0.2, 0.5]), torch.randn(4, 2)
    upright = sampled(geometry, torch.cat([box, torch.zeros(1)]), offsets, monkeypatch)
    torch.testing.assert_close(upright, sampled(geometry, box, offsets, monkeypatch))


def test_other_geometries_are_refused():
    with pytest.raises(ConfigError, match="'oblique'.*faithful or rotated"):
        RotatedDeformableAttention(geometry='oblique')
