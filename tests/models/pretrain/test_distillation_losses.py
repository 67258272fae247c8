"""Targets and losses of self-distillation against DINOv2's, and what they must hold."""

import pytest
import torch
from reference import read

from mmrs.errors import ConfigError
from mmrs.models.heads.prototype_head import PrototypeHead
from mmrs.models.pretrain.distillation_losses import (
    TeacherTargets,
    cross_entropy,
    image_loss,
    koleo,
    patch_loss,
    sinkhorn,
)


@pytest.fixture(scope='module')
def reference(fixtures_dir):
    return read(fixtures_dir / 'cgeartheye/dinov2_ssl_losses.npz').other


def close(found, expected, tolerance=1e-6):
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)


class TestReference:
    def test_head(self, reference):
        weights = {key[5:]: value for key, value in reference.items() if key.startswith('head/')}
        head = PrototypeHead(24, prototypes=32, hidden_features=40, bottleneck=16)
        head.load_state_dict(weights)
        close(head(reference['head_in']), reference['head_out'])

    def test_centering(self, reference):
        targets = TeacherTargets(32, 'centering')
        targets.center.copy_(reference['center_before'])
        found = targets(reference['teacher_cls_logits_swapped'], reference['teacher_temp'].item())
        close(found, reference['teacher_softmax_centered'])
        close(targets.center, reference['center_after'])

    def test_sinkhorn(self, reference):
        temperature = reference['teacher_temp'].item()
        close(sinkhorn(reference['teacher_cls_logits_swapped'], temperature), reference['teacher_sinkhorn'])
        close(sinkhorn(reference['teacher_patch_logits'], temperature), reference['teacher_patch_sinkhorn'])

    def test_losses(self, reference):
        temperature = reference['student_temp'].item()
        # The file's teacher has the second view first.
        targets = reference['teacher_sinkhorn'].view(2, 3, -1).flip(0)
        same = reference['student_global_logits'].view(2, 3, -1)
        local = reference['student_local_logits'].view(8, 3, -1)
        both = reference['loss_dino_local'] + reference['loss_dino_global']
        close(image_loss(targets, same, [local], temperature), both)
        close(image_loss(targets, same, [], temperature) * 2 / 18, reference['loss_dino_global'])
        close(image_loss(targets, same, [local[:3], local[3:]], temperature), both)
        views = reference['student_global_cls'].view(2, 3, -1)
        each = torch.stack([koleo(view) for view in views])
        close(each, reference['koleo_each'])
        masks = reference['mask']
        logits, expected = reference['student_patch_logits'], reference['loss_ibot']
        patches = patch_loss(reference['teacher_patch_sinkhorn'], logits, masks, temperature)
        close(patches, expected)
        close(patches, reference['ibot_forward_masked'])
        entropy = cross_entropy(reference['teacher_patch_sinkhorn'], logits, temperature)
        close(patches, (entropy * reference['masks_weight']).sum() / len(masks))
        close(masks.flatten().nonzero().flatten(), reference['mask_indices'])
        close(both + 0.1 * each.sum() + patches, reference['loss_total'])


class TestTargets:
    def test_sinkhorn_shares_evenly(self):
        logits = torch.randn(64, 8)
        shares = sinkhorn(logits, 0.5, iterations=50)
        close(shares.sum(1), torch.ones(64))
        close(shares.sum(0), torch.full((8,), 8.0), 1e-3)
        close(shares, sinkhorn(logits + 500, 0.5, iterations=50), 1e-3)  # no overflow

    def test_none_masked(self):
        assert sinkhorn(torch.zeros(0, 8), 0.04).shape == (0, 8)
        logits = torch.randn(0, 8, requires_grad=True)
        loss = patch_loss(torch.zeros(0, 8), logits, torch.zeros(2, 9, dtype=torch.bool), 0.1)
        loss.backward()
        assert loss == 0 and logits.grad is not None

    def test_centre_moves_in_training_only(self):
        targets, logits = TeacherTargets(8, 'centering').eval(), torch.ones(4, 8)
        targets(logits, 0.1)
        assert not targets.center.any()
        targets.train()(logits, 0.1)
        close(targets.center, torch.full((1, 8), 0.1))

    def test_unknown_method(self):
        with pytest.raises(ConfigError, match='targets.*sinkhorn'):
            TeacherTargets(8, 'mean')


class TestLosses:
    def test_a_view_is_not_compared_with_itself(self):
        targets = torch.randn(2, 3, 8).softmax(-1)
        same = torch.randn(2, 3, 8, requires_grad=True)
        loss = image_loss(targets, same, [], 0.1)
        swapped = torch.stack([cross_entropy(targets[1], same[0], 0.1), cross_entropy(targets[0], same[1], 0.1)])
        close(loss, swapped.mean())
        loss.backward()
        changed = targets.clone()
        changed[0] = torch.randn(3, 8).softmax(-1)
        found = torch.autograd.grad(image_loss(changed, same, [], 0.1), same)[0]
        close(found[0], same.grad[0])  # view 0 of the student does not see view 0 of the teacher
        assert not torch.allclose(found[1], same.grad[1])

    def test_cross_entropy_is_torchs(self):
        targets, logits = torch.randn(5, 8).softmax(-1), torch.randn(5, 8)
        expected = torch.nn.functional.cross_entropy(logits / 0.1, targets, reduction='none')
        close(cross_entropy(targets, logits, 0.1), expected, 1e-5)

    def test_koleo_pushes_neighbours_apart(self):
        features = torch.tensor([[1.0, 0.0], [1.0, 0.1], [-1.0, 0.3]], requires_grad=True)
        koleo(features).backward()
        before = (features[0] - features[1]).norm()
        moved = features - 0.1 * features.grad
        assert (moved[0] - moved[1]).norm() > before
        assert koleo(features[:1]) == 0


def test_prototypes_keep_their_length():
    head = PrototypeHead(6, prototypes=4, hidden_features=8, bottleneck=3)
    assert not head.last_layer.weight_g.requires_grad
    assert head(torch.randn(50, 6)).abs().max() <= 1 + 1e-6
    assert PrototypeHead(6, 4, 8, 3, learn_length=True).last_layer.weight_g.requires_grad
