"""MaRS pre-training against the published model, in its mode and in the corrected one."""

import json

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from reference import read

from mmrs.errors import ConfigError
from mmrs.models.pretrain import RELEASE, MaRSPretrain, MaskedSwinV2
from mmrs.registry import MODELS
from mmrs.weights.convert import KeyFormat, to_mmrs
from mmrs.weights.load import load_pretrained

TINY = {'embed_dims': 4, 'depths': (1, 1, 2, 1), 'num_heads': (1, 1, 2, 4)}
NO_DECAY = {
    'norm_decay_mult': 0.0,
    'bias_decay_mult': 0.0,
    'flat_decay_mult': 0.0,
    'custom_keys': {'contrast_temp': {'decay_mult': 0.0}},
}


def tiny(**options):
    return MaRSPretrain(TINY, window_size=4, **options)


def close(found, expected, tolerance=1e-4):
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)


class TestMaskedEncoder:
    @pytest.fixture
    def reference(self, fixtures_dir):
        return read(fixtures_dir / 'mars/masked_encoder.npz')

    @pytest.mark.parametrize(('mode', 'name'), [('release', 'z_release'), ('simmim', 'z_bool')])
    def test_published_modes(self, reference, mode, name):
        model = MaskedSwinV2(TINY, mask_mode=mode, window_size=4).eval()
        model.load_state_dict({key: value for key, value in reference.sd.items() if 'head.' not in key})
        images, masks = reference.inputs['x'], reference.inputs['mask']
        close(model.encoder.patch_embed(images), reference.out['patch_embed'])
        close(model(images, masks), reference.out[name])
        close(model(images), reference.out['z_nomask'])

    def test_masked_patches_are_hidden_but_in_the_release(self, reference):
        images, masks = reference.inputs['x'], reference.inputs['mask']
        changed = images + masks.repeat_interleave(4, 1).repeat_interleave(4, 2).unsqueeze(1)
        for mode, hidden in (('simmim', True), ('release', False)):
            model = MaskedSwinV2(TINY, mask_mode=mode, window_size=4).eval()
            model.load_state_dict({key: value for key, value in reference.sd.items() if 'head.' not in key})
            assert torch.allclose(model(images, masks), model(changed, masks)) == hidden

    def test_errors(self):
        with pytest.raises(ConfigError, match='mask_mode'):
            MaskedSwinV2(TINY, mask_mode='zero')
        with pytest.raises(ConfigError, match=r'\(1, 8, 8\); expected \(1, 16, 16\)'):
            MaskedSwinV2(TINY)(torch.randn(1, 3, 64, 64), torch.zeros(1, 8, 8))


class TestWholeModel:
    # What the corrected model of the reference has in common with the release: it only hides the masked patches.
    MODES = {'release': RELEASE, 'bool': {**RELEASE, 'mask_mode': 'simmim'}}

    def loaded(self, weights, mode, contrast_type):
        options = dict(self.MODES[mode])
        if contrast_type != 'cross':
            options.pop('contrast')
        model = tiny(contrast_type=contrast_type, **options).eval()
        model.load_state_dict(to_mmrs(weights.sd, '', wanted=model.state_dict()).state, strict=True)
        return model

    @pytest.mark.parametrize('mode', MODES)
    @pytest.mark.parametrize('contrast_type', ['cross', 'none'])
    def test_losses_tokens_and_gradients(self, fixtures_dir, mode, contrast_type):
        weights = read(fixtures_dir / 'mars/dual_cross.npz')
        reference = read(fixtures_dir / f'mars/dual_{contrast_type}.npz')
        model = self.loaded(weights, mode, contrast_type)
        images, masks = reference.inputs['x'], reference.inputs['mask']
        losses = model(images, masks, mode='loss')
        terms = torch.stack([losses[f'loss_{name}'] for name in ('recon_rgb', 'recon_sar', 'teacher')])
        close(terms, reference.out[f'{mode}_terms'])
        total = sum(losses.values())
        close(total, reference.out[f'{mode}_loss'])
        maps = model(images, masks)
        for feature, name in zip(maps, ('zrgb', 'zsar'), strict=True):
            close(feature.flatten(2).transpose(1, 2), reference.out[f'{mode}_{name}'])
        close(model.decoder_sar(maps[1]), reference.out[f'{mode}_rec_sar'])
        total.backward()
        norms = {name: p.grad.norm().item() for name, p in model.named_parameters() if p.grad is not None}
        expected = reference.meta[f'grad/{mode}_norms']
        assert norms.keys() == expected.keys()
        for name, value in norms.items():
            assert value == pytest.approx(expected[name], rel=1e-3, abs=1e-5), name

    @pytest.mark.parametrize('mode', MODES)
    def test_teacher_over_channels(self, fixtures_dir, mode):
        weights = read(fixtures_dir / 'mars/dual_cross.npz')
        model = self.loaded(weights, mode, 'none')
        model.teacher_cos_dim = 'channel'
        losses = model(weights.inputs['x'], weights.inputs['mask'], mode='loss')
        assert losses['loss_teacher'].item() == pytest.approx(
            weights.out[f'{mode}_teacher_channel_cos'].item(), abs=1e-4
        )

    def test_names_and_shapes(self, fixtures_dir):
        published = json.loads((fixtures_dir / 'mars/dual_micro_keys.json').read_text())
        ours = {name: list(value.shape) for name, value in tiny().state_dict().items()}
        theirs = {name: shape for name, shape in published.items() if 'head.fc' not in name}
        assert ours == theirs

    def test_weight_decay_of_the_recipe(self, fixtures_dir):
        published = json.loads((fixtures_dir / 'mars/param_groups.json').read_text())
        model = tiny(contrast_type='clip')
        config = {'type': 'AdamW', 'lr': 5e-5, 'betas': (0.9, 0.95), 'weight_decay': 0.05}
        wrapper = build_optim_wrapper(model, {'optimizer': config, 'paramwise_cfg': NO_DECAY})
        decay = {id(p): group['weight_decay'] for group in wrapper.param_groups for p in group['params']}
        found = {name: decay[id(p)] for name, p in model.named_parameters() if p.requires_grad}
        for group, value in (('decay', 0.05), ('no_decay', 0.0)):
            wanted = {name for name in published[group] if 'head.fc' not in name}
            assert {name for name, rate in found.items() if rate == value} == wanted

    def test_published_checkpoint_loads(self, fixtures_dir, tmp_path):
        weights = read(fixtures_dir / 'mars/dual_cross.npz').sd
        torch.save({'model': weights, 'epoch': 11}, tmp_path / 'checkpoint-11.pth')
        report = load_pretrained(tiny(), tmp_path / 'checkpoint-11.pth')
        assert report.coverage == 1 and report.key_format is KeyFormat.MARS_PRETRAINING and not report.unexpected


class TestTraining:
    def test_a_step_changes_everything_but_the_teacher(self):
        model = MODELS.build({'type': 'mmrs.MaRSPretrain', 'size': TINY, 'window_size': 4, 'drop_path_rate': 0.0})
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        optimiser = build_optim_wrapper(model, {'optimizer': {'type': 'Adam', 'lr': 0.01}})
        before = {name: value.clone() for name, value in model.named_parameters()}
        model.train()
        assert not model.teacher_encoder.training and model.encoder_rgb.training
        losses = model.train_step({'inputs': torch.randn(2, 4, 64, 64)}, optimiser)
        assert set(losses) == {'loss', 'loss_recon_rgb', 'loss_recon_sar', 'loss_teacher', 'loss_contrast'}
        same = {name for name, value in model.named_parameters() if torch.equal(value, before[name])}
        assert {name.split('.')[0] for name in same} == {'teacher_encoder', 'contrast_temp'}

    def test_the_papers_baseline_can_be_built(self):
        model = tiny(contrast_type='clip', mma=False, teacher=False)
        assert set(model(torch.randn(2, 4, 64, 64), mode='loss')) == {
            'loss_recon_rgb',
            'loss_recon_sar',
            'loss_contrast',
        }

    def test_one_branch_of_both_computes_what_it_did(self):
        both = tiny(contrast_type='none', teacher=False, mma=False)
        alone = tiny(modalities=('rgb',), contrast_type='none', teacher=False, mma=False)
        assert alone.load_state_dict(both.state_dict(), strict=False).missing_keys == []
        images, masks = torch.randn(2, 4, 64, 64), both.draw_masks(torch.zeros(2, 4, 64, 64))
        losses = alone(images[:, :3], masks, mode='loss')
        assert set(losses) == {'loss_recon_rgb'} and losses['loss_recon_rgb'] > 0
        close(losses['loss_recon_rgb'], both(images, masks, mode='loss')['loss_recon_rgb'])
        assert len(alone(images[:, :3])) == 1
        with pytest.raises(ConfigError, match='4 channels; expected 3. Give red'):
            alone(images, mode='loss')

    def test_both_branches_start_from_weights_of_colour_images(self, tmp_path):
        source = MaskedSwinV2(TINY, window_size=4).encoder
        torch.save(source.state_dict(), tmp_path / 'imagenet.pth')
        path = str(tmp_path / 'imagenet.pth')
        model = tiny(weights={'rgb': path, 'sar': path}, teacher_weights=path)
        model.init_weights()
        kernel = source.patch_embed.proj.weight
        close(model.encoder_rgb.encoder.patch_embed.proj.weight, kernel)
        close(model.teacher_encoder.encoder.patch_embed.proj.weight, kernel)
        close(model.encoder_sar.encoder.patch_embed.proj.weight, kernel.sum(1, keepdim=True))

    def test_drawn_masks(self):
        model = tiny(mask_ratio=0.6, mask_patch_size=16)
        masks = model.draw_masks(torch.zeros(3, 4, 64, 72))
        assert masks.shape == (3, 16, 18)
        assert masks[:, ::4, ::4].sum((1, 2)).tolist() == [12, 12, 12]  # 0.6 of 20 blocks
        assert torch.equal(masks[:, 0::4], masks[:, 3::4]) and not torch.equal(masks[0], masks[1])

    def test_images_that_are_no_multiple_of_the_stride(self):
        losses = tiny()(torch.randn(1, 4, 72, 64), mode='loss')
        assert all(torch.isfinite(loss) for loss in losses.values())

    @pytest.mark.parametrize(
        ('options', 'subject'),
        [
            ({'contrast_type': 'aclip'}, 'contrast_type'),
            ({'modalities': ('sar',), 'contrast_type': 'none'}, 'modalities'),
            ({'modalities': ('rgb',)}, 'contrast_type'),
            ({'teacher_cos_dim': 'pixel'}, 'teacher_cos_dim'),
            ({'teacher': False, 'teacher_weights': 'file.pth'}, 'teacher_weights'),
        ],
    )
    def test_bad_options(self, options, subject):
        with pytest.raises(ConfigError) as caught:
            tiny(**options)
        assert caught.value.subject == subject

    def test_band_count(self):
        with pytest.raises(ConfigError, match='3 channels; expected 4. Stack red'):
            tiny()(torch.randn(1, 3, 64, 64), mode='loss')
