"""The whole of SkySense++ against published outputs and gradients, its sizes, and what it accepts."""

import json
import random

import numpy as np
import pytest
import torch
from reference import randomise
from skysense import TINY, Reference, assert_near

from mmrs.errors import ConfigError, WeightsError
from mmrs.models import SkySensePP
from mmrs.models.pretrain.vocabulary import MEAN, STD, colours_to_ids
from mmrs.models.skysense_export import to_released
from mmrs.weights.convert import KeyFormat, to_mmrs
from mmrs.weights.load import load_pretrained


def tiny(**options):
    return SkySensePP(**{**TINY, **options}).eval()


@pytest.fixture(scope='module')
def published(fixtures_dir):
    """The reference, and the model with its weights."""
    reference = Reference(fixtures_dir, 'full_model_noattn')
    model = tiny(head={'channels': 8, 'round_pooled': True})
    converted = to_mmrs(reference.weights, wanted=model.state_dict())
    assert converted.key_format is KeyFormat.SKYSENSEPP
    model.load_state_dict(converted.state)
    return reference, model


def inputs_of(reference):
    """Sentinel-1 is absent: the original computes on zeros and throws the result away, ours computes nothing."""
    images = {'hr': reference.inputs['hr_img'], 's2': reference.inputs['s2_img']}
    return images, reference.outputs['mapped_targets'], reference.inputs['anno_mask']


class TestParity:
    @pytest.mark.parametrize('flagged', [False, True])
    def test_published_outputs_and_losses(self, published, flagged):
        reference, model = published
        images, ids, masks = inputs_of(reference)
        flags = None
        if flagged:
            images, flags = {**images, 's1': reference.inputs['s1_img']}, reference.inputs['flags']
        output, expected = model(images, ids, masks, flags), reference.outputs
        assert_near(output.hr_maps[2], expected['hr_feat2'])
        assert_near(output.hr_maps[3], expected['hr_feat3'])
        for name in ('hr', 's2', 's1'):
            assert_near(output.features[name], expected[f'vae_{name}'])
        assert_near(output.completed.given['s2'], expected['up_s2'])
        if flagged:
            assert_near(output.completed.given['s1'], expected['up_s1'])
        assert_near(output.fused.permute(0, 2, 3, 1).flatten(0, 2), expected['fusion_cls'])
        assert_near(output.logits[:, :, ::4, ::4], expected['logits_hr_sub'], 1e-3)
        assert (output.logits.argmax(1) == expected['pred_argmax']).float().mean() > 0.9999
        losses = model.loss(output, ids)
        assert_near(losses['loss_rec'], expected['loss_rec'])
        assert_near(losses['loss_vae'], expected['loss_vae'])

    def test_published_map_of_ids(self, published):
        reference, _ = published
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
        targets = (reference.inputs['target_rgb'].float() / 255 - mean) / std
        ids, _ = colours_to_ids(targets, 6, random.Random(810), truncate=True)
        assert torch.equal(ids, reference.outputs['mapped_targets'].long())

    def test_published_gradients(self, published, fixtures_dir):
        reference, model = published
        with np.load(fixtures_dir / 'skysensepp' / 'full_model_noattn_grads.npz') as file:
            expected = {key[5:]: torch.from_numpy(file[key]) for key in file.files if key.startswith('grad/')}
        images, ids, masks = inputs_of(reference)
        images, flags = {**images, 's1': reference.inputs['s1_img']}, reference.inputs['flags']
        model.zero_grad()
        sum(model.loss(model(images, ids, masks, flags), ids).values()).backward()
        names = to_mmrs({name: name for name in reference.weights}).state
        ours = {theirs: name for name, theirs in names.items()}
        parameters = dict(model.named_parameters())
        for name, gradient in expected.items():
            found = parameters[ours[name]].grad
            if found is None:  # Sentinel-1's codebook: its part of the loss is nil
                found = torch.zeros_like(gradient)
            assert_near(found, gradient, 1e-4 * max(1.0, gradient.abs().max().item()))
        assert all(parameters[ours[f'backbone_{name}.cls_token']].grad is None for name in ('s2', 's1'))

    @pytest.mark.parametrize('attention', ['in_proj', 'packed'])
    @pytest.mark.parametrize('prefix', ['', 'module', 'model'])
    def test_release_form_loads_and_goes_back(self, published, tmp_path, prefix, attention):
        reference, model = published
        theirs = to_released(model, KeyFormat.SKYSENSEPP, prefix, attention)
        torch.save({'model': theirs, 'current_iteration': 3}, tmp_path / 'release.ckpt')
        again = tiny()
        assert load_pretrained(again, tmp_path / 'release.ckpt').coverage == 1
        back = to_released(again, KeyFormat.SKYSENSEPP)
        assert back.keys() == reference.weights.keys()
        assert all(torch.equal(back[name], value) for name, value in reference.weights.items() if 'table' not in name)

    @pytest.mark.parametrize('name', ['hr', 's2', 's1'])
    def test_backbones_find_their_part_of_the_release(self, published, tmp_path, name):
        from mmrs.models import SkySenseHR, SkySenseS1, SkySenseS2

        _, model = published
        renamed = {'backbone_hr.': 'backbone_gep.'} if name == 'hr' else {}
        theirs = to_released(model, KeyFormat.SKYSENSEPP, attention='packed')
        for old, new in renamed.items():
            theirs = {key.replace(old, new): value for key, value in theirs.items()}
        torch.save({'model': theirs}, tmp_path / 'release.ckpt')
        cls = {'hr': SkySenseHR, 's2': SkySenseS2, 's1': SkySenseS1}[name]
        backbone = cls(**TINY[f'backbone_{name}'])
        assert load_pretrained(backbone, tmp_path / 'release.ckpt').coverage == 1
        part = dict(model.named_modules())[f'backbone_{name}'].state_dict()
        assert all(torch.equal(value, part[key]) for key, value in backbone.state_dict().items())

    def test_combined_checkpoint_of_the_first_stage(self, published, tmp_path):
        """Other names of parts, a calendar, and neither vocabulary nor completion nor this head."""
        _, model = published
        theirs = to_released(model, KeyFormat.SKYSENSEPP)
        new = ('vocabulary_', 'modality_vae.', 'head_rec_hr.', 'relative_')
        theirs = {name: value for name, value in theirs.items() if not any(part in name for part in new)}
        theirs = {name.replace('backbone_hr.', 'backbone_gep.'): value for name, value in theirs.items()}
        torch.save({'model': {**theirs, 'ctpe': torch.randn(1, 365, 64)}}, tmp_path / 'skysense.pth')
        again = tiny(calendar=('s2',))
        report = load_pretrained(again, tmp_path / 'skysense.pth', min_coverage=0.5)
        assert not report.unexpected and 'ctpe' in report.loaded
        missing = {name.split('.')[0] if 'annotation' not in name else 'annotation' for name in report.missing}
        assert missing == {'annotation', 'modality_vae', 'head_rec_hr'}
        with pytest.raises(WeightsError, match='at least 100%'):
            load_pretrained(again, tmp_path / 'skysense.pth')


class TestPublishedSize:
    @pytest.fixture(scope='class')
    def model(self):
        with torch.device('meta'):
            return SkySensePP(completion={'exchange': 'sum'})

    def test_keys_and_shapes(self, model, fixtures_dir):
        keys = json.loads((fixtures_dir / 'skysensepp' / 'full_model_state_dict_keys.json').read_text())
        found = to_released(model, KeyFormat.SKYSENSEPP)
        assert {name: list(value.shape) for name, value in found.items()} == {
            name: entry['shape'] for name, entry in keys.items()
        }
        assert {name: str(value.dtype).removeprefix('torch.') for name, value in found.items()} == {
            name: entry['dtype'] for name, entry in keys.items()
        }

    def test_parameter_counts(self, model):
        counts = {name: sum(p.numel() for p in part.parameters()) for name, part in model.named_children()}
        millions = {name: round(count / 1e6, 1) for name, count in counts.items()}
        assert millions == {
            'backbone_hr': 664.4,
            'backbone_s2': 302.6,
            'backbone_s1': 302.4,
            'fusion': 305.2,
            'modality_vae': 102.1,
            'head_rec_hr': 40.4,
            'head_s2': 46.2,
            'head_s1': 46.2,
        }
        assert round(sum(counts.values()) / 1e6, 1) == 1809.5


class TestShapes:
    @pytest.mark.parametrize(('rows', 'columns', 'frames'), [(1, 1, 1), (2, 1, 1), (1, 3, 4)])
    def test_any_mosaic_and_any_number_of_dates(self, rows, columns, frames):
        model = tiny()
        images = {
            'hr': torch.randn(2, 3, 128 * rows, 128 * columns),
            's2': torch.randn(2, 10, frames, 4 * rows, 4 * columns),
            's1': torch.randn(2, 2, 4 * rows, 4 * columns),
        }
        ids = torch.randint(0, 7, (2, 128 * rows, 128 * columns))
        masks = torch.randint(0, 2, (2, rows, columns))
        output = model(images, ids, masks)
        assert output.logits.shape == (2, 7, 128 * rows, 128 * columns)
        assert output.features['s2'].shape == (2, *((frames,) if frames > 1 else ()), 64, 4 * rows, 4 * columns)
        assert sum(model.loss(output, ids, masks).values()).isfinite()

    def test_other_tile_ratios_by_options(self):
        """16 pixels of the image for one of Sentinel-2: half the up-scaling."""
        model = tiny(modalities=('hr', 's2'), up_scale=2)
        images = {'hr': torch.randn(1, 3, 256, 128), 's2': torch.randn(1, 10, 16, 8)}
        assert model(images, torch.zeros(1, 256, 128, dtype=torch.long)).logits.shape == (1, 7, 256, 128)

    def test_dates_may_come_in_any_order(self):
        model = tiny()
        frames = torch.randn(1, 10, 3, 4, 4)
        first, second = (model({'s2': x}).fused for x in (frames, frames.flip(2)))
        assert_near(first, second, 1e-5)

    def test_missing_samples_are_completed_and_missing_modalities_cost_nothing(self):
        model, images = tiny(), {'hr': torch.randn(2, 3, 128, 128), 's2': torch.randn(2, 10, 4, 4)}
        calls = []
        model.backbone_s1.register_forward_hook(lambda *_: calls.append(1))
        both = model(images).features
        one = model(images, present=torch.tensor([[True, True, False], [True, False, False]])).features
        assert calls == [] and set(both) == {'hr', 's2', 's1'}
        assert_near(both['s2'][0], one['s2'][0], 1e-6)
        assert not torch.allclose(both['s2'][1], one['s2'][1])

    def test_calendar_marks_frames_one_by_one(self):
        model = tiny(calendar=('s2',))
        torch.nn.init.normal_(model.ctpe)
        frames = torch.randn(1, 10, 2, 4, 4)
        early, late = torch.tensor([[1, 100]]), torch.tensor([[1, 366]])
        plain = model({'s2': frames}).features['s2']
        for days in (early, late):
            marked = model({'s2': frames}, days={'s2': days}).features['s2']
            expected = model.ctpe[0, days[0].clamp(max=365) - 1]
            assert_near(marked[0] - plain[0], expected[:, :, None, None].expand(-1, -1, 4, 4), 1e-5)

    def test_every_parameter_learns_from_a_full_batch(self):
        model = randomise(tiny(calendar=('s2',))).train()
        images = {'hr': torch.randn(2, 3, 256, 128), 's2': torch.randn(2, 10, 2, 8, 4), 's1': torch.randn(2, 2, 8, 4)}
        ids, masks = torch.randint(0, 7, (2, 256, 128)), torch.tensor([[[1], [0]]]).expand(2, -1, -1)
        output = model(images, ids, masks, days={'s2': torch.tensor([[3, 200], [5, 9]])})
        sum(model.loss(output, ids).values()).backward()
        assert [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None] == []

    def test_without_completion_tokens_are_fewer(self):
        model = tiny(completion=None)
        output = model({'s1': torch.randn(1, 2, 4, 4)})
        assert list(output.features) == ['s1'] and output.fused.shape == (1, 16, 4, 4) and output.completed is None


@pytest.mark.parametrize(('images', 'others', 'message'), [
    ({}, {}, 'at least one of hr, s2, s1'),
    ({'s3': (1, 3, 4, 4)}, {}, "'s3'"),
    ({'hr': (1, 3, 128, 128), 's2': (1, 10, 8, 8)}, {}, 'grids'),
    ({'hr': (1, 3, 128, 128), 's2': (1, 10, 4, 4)}, {'annotations': (1, 128, 130)}, 'annotations'),
    ({'s2': (1, 10, 2, 4, 4)}, {'days': (1, 3)}, r'days of s2.*\(B, 2\)'),
    ({'s2': (1, 4, 4, 4)}, {}, '4 channels.*expected 10'),
    ({'hr': (1, 3, 128, 128)}, {'annotations': (1, 128, 128), 'masks': (1, 3, 3)}, '3 x 3 cells'),
])  # fmt: skip
def test_batches_that_do_not_fit_are_refused(images, others, message):
    model = tiny(calendar=('s2',))
    given = {name: torch.zeros(shape, dtype=torch.long) for name, shape in others.items()}
    if 'days' in given:
        given['days'] = {'s2': given['days'] + 1}
    with pytest.raises(ConfigError, match=message):
        model({name: torch.zeros(shape) for name, shape in images.items()}, **given)


@pytest.mark.parametrize(('options', 'message'), [
    ({'modalities': ('s2', 'hr')}, "List 'hr' first"),
    ({'modalities': ('hr',), 'calendar': ('s2',)}, 'calendar'),
])  # fmt: skip
def test_bad_options_are_named(options, message):
    with pytest.raises(ConfigError, match=message):
        tiny(**options)


def test_the_loss_needs_logits():
    model = tiny()
    with pytest.raises(ConfigError, match='Give the hr image'):
        model.loss(model({'s2': torch.randn(1, 10, 4, 4)}), torch.zeros(1, 4, 4, dtype=torch.long))
