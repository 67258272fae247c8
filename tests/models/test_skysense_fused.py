"""SkySense++ as a fused backbone: its weights, missing modalities, freezing; and batches by modality."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from reference import randomise

from mmrs.errors import ConfigError
from mmrs.models import ModalityPreprocessor, SkySenseFused, SkySensePP
from mmrs.models.skysense_export import to_released
from mmrs.weights.convert import KeyFormat
from mmrs.weights.load import load_pretrained

SENTINEL = dict(size=dict(embed_dims=16, num_layers=2, num_heads=2), img_size=8)
HR = dict(arch=dict(embed_dims=8, depths=(1, 1, 1, 1), num_heads=(1, 1, 2, 4)), window_size=2, attention_dims=())
TINY = dict(
    backbone_hr=HR,
    backbone_s2=SENTINEL,
    backbone_s1=SENTINEL,
    fusion=dict(embed_dims=16, num_layers=2, num_heads=2),
)


def images(batch: int = 2) -> dict[str, torch.Tensor]:
    return dict(hr=torch.randn(batch, 3, 64, 64), s2=torch.randn(batch, 10, 3, 2, 2), s1=torch.randn(batch, 2, 2, 2, 2))


TINY_TWO = {**TINY, 'backbone_s2': {**SENTINEL, 'patch_size': 1}, 'backbone_s1': {**SENTINEL, 'patch_size': 1}}


def build(**options) -> SkySenseFused:
    return SkySenseFused(up_scale=1, **{**TINY_TWO, **options})


def test_one_map_of_all_modalities_and_dates() -> None:
    model, given = build().eval(), images()
    randomise(model)
    (fused,) = model(given)
    assert fused.shape == (2, 16, 2, 2)
    changed = {**given, 's2': given['s2'].clone()}
    changed['s2'][:, :, 2] += 1
    assert not torch.allclose(model(changed)[0], fused)  # the last date counts
    (fewer,) = model({'hr': given['hr'], 's1': None})
    assert fewer.shape == fused.shape and not torch.allclose(fewer, fused)
    with pytest.raises(ConfigError, match='grids'):
        model({**given, 's2': torch.randn(2, 10, 3, 4, 4)})


def test_every_parameter_learns_or_none() -> None:
    model = build()
    model.train()
    randomise(model)
    model(images())[0].square().mean().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    frozen = build(frozen=True)
    frozen.train()
    assert not any(module.training for module in frozen.modules()) and not frozen(images())[0].requires_grad
    assert not any(p.requires_grad for p in frozen.parameters())


def test_takes_its_part_of_the_released_model(tmp_path: Path) -> None:
    sentinel = {**TINY_TWO['backbone_s2'], 'merge_stage': 1, 'out_indices': (-1,)}
    whole = SkySensePP(
        vocabulary_size=4,
        up_scale=1,
        backbone_hr=HR,
        backbone_s2=sentinel,
        backbone_s1=sentinel,
        fusion=TINY['fusion'],
        head=dict(channels=8),
        completion=dict(conv_dims=8, code_dims=8, num_codes=8),
    )
    randomise(whole)
    torch.save({'model': to_released(whole, KeyFormat.SKYSENSEPP)}, tmp_path / 'release.ckpt')
    model = build()
    report = load_pretrained(model, tmp_path / 'release.ckpt')
    assert report.coverage == 1.0
    torch.testing.assert_close(model.fusion.proj.weight, whole.fusion.proj.weight)
    torch.testing.assert_close(model.head_s1.decoder[0].weight, whole.head_s1.decoder[0].weight)


class TestPreprocessor:
    SENSORS = dict(hr='rgb', s1='sentinel1-grd')

    def data(self, **inputs: list[torch.Tensor]) -> dict:
        return dict(inputs=inputs, data_samples=['a', 'b'])

    def test_normalises_and_resizes_every_date(self) -> None:
        preprocess = ModalityPreprocessor(self.SENSORS, dict(s1=(4, 4)))
        mean, std = torch.tensor([-12.54847273, -20.19237134]), torch.tensor([5.25697717, 5.91150917])
        flat = (mean + 2 * std).view(2, 1, 1, 1).expand(2, 3, 6, 6)
        hr = torch.full((3, 8, 8), 123, dtype=torch.uint8)
        batch = preprocess(self.data(s1=[flat, flat], hr=[hr, hr]))
        assert batch['inputs']['s1'].shape == (2, 2, 3, 4, 4) and batch['data_samples'] == ['a', 'b']
        torch.testing.assert_close(batch['inputs']['s1'], torch.full((2, 2, 3, 4, 4), 2.0))
        assert batch['inputs']['hr'].shape == (2, 3, 8, 8)
        assert batch['inputs']['hr'][0, 0, 0, 0].item() == pytest.approx((123 - 123.675) / 58.395, rel=1e-4)

    def test_refuses(self) -> None:
        preprocess = ModalityPreprocessor(self.SENSORS)
        with pytest.raises(ConfigError, match='inputs.s1: found 3 bands; expected 2 of sensor sentinel1-grd: VV, VH'):
            preprocess(self.data(s1=[torch.zeros(3, 4, 4)]))
        with pytest.raises(ConfigError, match='inputs.s2: found no sensor'):
            preprocess(self.data(s2=[torch.zeros(10, 4, 4)]))
        for options in (
            dict(sensors=dict(hr='x')),
            dict(sensors=self.SENSORS, sizes=dict(s2=(4, 4))),
            dict(sensors=self.SENSORS, batch_augments=dict(augments='Mixup')),
        ):
            with pytest.raises(ConfigError, match='data_preprocessor'):
                ModalityPreprocessor(**options)
