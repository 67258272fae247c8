"""Self-distillation: what learns, what is compared, and that it does not collapse."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper

from mmrs.errors import ConfigError
from mmrs.models.pretrain.self_distillation import feature_std
from mmrs.registry import MODELS

SIZE = {'embed_dims': 24, 'num_layers': 2, 'num_heads': 2}
BACKBONE = {'type': 'mmrs.CGEarthEye', 'size': SIZE, 'img_size': 28, 'patch_size': 7, 'layer_scale_init': 1.0}
HEAD = {'prototypes': 32, 'hidden_features': 16, 'bottleneck': 8}


def build(backbone=None, **options):
    options = {'head': HEAD, 'patch_head': HEAD, **options}
    return MODELS.build({'type': 'mmrs.CGEarthEyePretrain', 'backbone': {**BACKBONE, **(backbone or {})}, **options})


def batch(images=4, seasonal=False):
    inputs = {'globals': torch.randn(2, images, 3, 28, 28), 'locals': torch.randn(3, images, 3, 14, 14)}
    if seasonal:
        inputs['seasonal'] = torch.randn(1, images, 3, 21, 21)
    masks = torch.zeros(2 * images, 16, dtype=torch.bool)
    masks[::2, 2:7] = True
    return {'inputs': inputs, 'masks': masks}


def total(losses):
    return sum(value for name, value in losses.items() if 'loss' in name)


class TestLearning:
    def test_gradients_reach_the_student_only(self):
        model = build().train()
        total(model(**batch(), mode='loss')).backward()
        found = {name for name, p in model.named_parameters() if p.grad is not None}
        expected = {name for name, _ in model.named_parameters() if name.startswith('student.')}
        assert found == {name for name in expected if not name.endswith('weight_g')}
        assert model.student.backbone.mask_token.grad.any()
        assert model.student.training and not model.teacher.training

    def test_teacher_is_the_running_mean(self):
        model = build()
        before = {name: p.clone() for name, p in model.teacher.named_parameters()}
        students = dict(model.student.named_parameters())
        assert all(torch.equal(p, students[name]) for name, p in before.items())
        with torch.no_grad():
            for p in students.values():
                p.add_(torch.randn_like(p))
        model.update_teacher(0.9)
        for name, p in model.teacher.named_parameters():
            torch.testing.assert_close(p, 0.9 * before[name] + 0.1 * students[name])
        model.update_teacher(1.0)
        torch.testing.assert_close(
            model.teacher.backbone.pos_embed,
            0.9 * before['backbone.pos_embed'] + 0.1 * (students['backbone.pos_embed']),
        )

    def test_starts_from_weights_with_the_teacher_a_copy(self, tmp_path):
        other = MODELS.build({**BACKBONE, 'with_mask_token': True})
        torch.save({f'backbone.{key}': value for key, value in other.state_dict().items()}, tmp_path / 'b.pth')
        weights = {'type': 'mmrs.Pretrained', 'checkpoint': str(tmp_path / 'b.pth'), 'prefix': 'backbone'}
        model = build({'init_cfg': weights})
        model.init_weights()
        for network in (model.student, model.teacher):
            assert torch.equal(network.backbone.blocks[1].attn.qkv.weight, other.blocks[1].attn.qkv.weight)

    @pytest.mark.parametrize('method', ['sinkhorn', 'centering'])
    def test_loss_falls_without_collapse(self, method):
        model = build(targets={'method': method}).train()
        optimiser = build_optim_wrapper(model, {'optimizer': {'type': 'AdamW', 'lr': 2e-3}})
        fixed, found = batch(), []
        with torch.no_grad():
            for _ in range(30):  # the running mean of centring settles: before, all targets are alike and easy
                model(**fixed, mode='loss')
        for _ in range(20):
            found.append(model.train_step(fixed, optimiser))
            model.update_teacher(0.99)
        first, last = found[0], found[-1]
        assert last['loss'] < 0.95 * first['loss'] and last['loss_patch'] < first['loss_patch']
        assert last['feature_std'] > 0.9 * first['feature_std']

    @pytest.mark.parametrize('masked', [True, False])
    def test_ddp_finds_no_unused_parameter(self, masked):
        data = batch()
        data['masks'] &= masked  # a process may by chance have no masked patch
        torch.distributed.init_process_group('gloo', store=torch.distributed.HashStore(), rank=0, world_size=1)
        try:
            model = torch.nn.parallel.DistributedDataParallel(build({'drop_path_rate': 0.5}).train())
            for _ in range(2):  # the second forward pass is what fails after an unused parameter
                total(model(**data, mode='loss')).backward()
        finally:
            torch.distributed.destroy_process_group()

    def test_half_precision(self):
        data, model = batch(), build({'drop_path_rate': 0.5}).train()
        exact = build({}).eval()
        exact.load_state_dict(model.state_dict())
        with torch.autocast('cpu', dtype=torch.bfloat16):
            total(model(**data, mode='loss')).backward()
            found = exact(**data, mode='loss')
        assert all(p.grad.isfinite().all() for p in model.student.parameters() if p.requires_grad)
        for name, value in exact(**data, mode='loss').items():
            assert found[name].dtype == torch.float32
            torch.testing.assert_close(found[name], value, atol=0.05, rtol=0.05)

    def test_collapse_is_seen(self):
        assert feature_std(torch.randn(64, 128)) == pytest.approx(1, abs=0.05)
        assert feature_std(torch.ones(64, 128) + 1e-6 * torch.randn(64, 128)) < 1e-4


class TestWhatIsCompared:
    def test_masked_patches_alone(self):
        """The patch loss follows the teacher's tokens of masked patches, and no others."""
        model, data = build(koleo_weight=0.0).eval(), batch()
        seen = {}
        for name, network in (('teacher', model.teacher), ('student', model.student)):
            network.ibot_head.register_forward_pre_hook(lambda _, args, name=name: seen.__setitem__(name, args[0]))
        model(**data, mode='loss')
        views, masks = data['inputs']['globals'].flatten(0, 1), data['masks']
        whole = model.teacher.backbone(views)[0][:, 1:]
        hidden = model.student.backbone(views, masks)[0][:, 1:]
        torch.testing.assert_close(seen['teacher'], whole[masks])
        torch.testing.assert_close(seen['student'], hidden[masks])
        assert not torch.allclose(seen['teacher'], seen['student'])

    def test_student_does_not_see_what_is_masked(self):
        model, data = build().eval(), batch()
        patches = torch.zeros(2, 4, 1, 28, 28)
        patches[:, ::2, :, :7, 14:] = patches[:, ::2, :, 7:14, :21] = 1  # masked: 2 to 6 of rows of 4 patches
        changed = data['inputs']['globals'] + 3 * patches
        same = [model.student.backbone(v.flatten(0, 1), data['masks'])[0] for v in (data['inputs']['globals'], changed)]
        torch.testing.assert_close(*same)

    def test_no_masked_patch(self):
        data = batch()
        data['masks'].zero_()
        losses = build().train()(**data, mode='loss')
        assert losses['loss_patch'] == 0 and total(losses).isfinite()
        total(losses).backward()

    @pytest.mark.parametrize('seasonal', [False, True])
    def test_packed_equals_separate_passes(self, seasonal):
        data, found = batch(seasonal=seasonal), []
        model = build().train()
        for packed in (False, True):
            model.packed = packed
            model.zero_grad()
            losses = model(**data, mode='loss')
            total(losses).backward()
            grads = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
            found.append((losses, grads))
        torch.testing.assert_close(*(losses for losses, _ in found), atol=1e-5, rtol=0)
        torch.testing.assert_close(*(grads for _, grads in found), atol=1e-5, rtol=1e-4)

    def test_packed_with_recomputed_blocks(self):
        data, found = batch(), []
        for options in ({}, {'with_cp': True}):
            torch.manual_seed(0)
            model = build(options).train()
            total(model(**data, mode='loss')).backward()
            found.append(model.student.backbone.blocks[0].attn.qkv.weight.grad)
        torch.testing.assert_close(*found)

    def test_one_head_for_both(self):
        model = build(patch_head=None)
        assert 'ibot_head' not in model.student and model._patch_head(model.student) is model.student.dino_head
        assert total(model(**batch(), mode='loss')).isfinite()

    def test_features_are_the_teachers(self):
        model, images = build().eval(), torch.randn(2, 3, 28, 28)
        torch.testing.assert_close(model(images), model.teacher.backbone(images)[0][:, 0])


class TestStochasticDepth:
    def test_mean_stays(self):
        """Whole sequences are left out, and the others scaled, so that the mean of the output is that of all."""
        block = build({'drop_path_rate': 0.5, 'drop_path_rule': 'uniform'}).student.backbone.blocks[0]
        block.drop_path2.eval()
        tokens, groups = torch.randn(4 * 3 + 6 * 2, 24), [(4, 3), (6, 2)]
        expected = block.eval().forward_packed(tokens, groups) - tokens
        block.mlp.fc2.weight.data.zero_(), block.mlp.fc2.bias.data.zero_()
        alone = block.forward_packed(tokens, groups) - tokens
        assert not torch.allclose(alone, expected)
        block.train()
        runs = torch.stack([block.forward_packed(tokens, groups) - tokens for _ in range(400)])
        dropped = (runs == 0).all(-1)
        assert (dropped[:, :12].view(-1, 4, 3).all(-1).sum(1) == 2).all()
        assert (dropped[:, 12:].view(-1, 6, 2).all(-1).sum(1) == 3).all()
        assert (runs.mean(0) - alone).abs().max() < 0.25 * alone.abs().max()

    def test_teacher_has_none(self):
        model = build({'drop_path_rate': 0.5})
        assert isinstance(model.teacher.backbone.blocks[1].drop_path1, torch.nn.Identity)
        assert not isinstance(model.student.backbone.blocks[1].drop_path1, torch.nn.Identity)


class TestBadInput:
    @pytest.mark.parametrize('masks', [None, torch.zeros(8, 9, dtype=torch.bool), torch.zeros(8, 16)])
    def test_masks(self, masks):
        with pytest.raises(ConfigError, match=r'masks.*\(8, 16\), torch.bool'):
            build()(batch()['inputs'], masks, mode='loss')

    def test_images_instead_of_crops(self):
        with pytest.raises(ConfigError, match='crops by name'):
            build()(torch.randn(2, 3, 28, 28), mode='loss')

    def test_frozen_backbone(self):
        with pytest.raises(ConfigError, match='nothing frozen'):
            build({'frozen_stages': 1})(**batch(), mode='loss')
