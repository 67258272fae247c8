"""SkySense's first stage: matched places, objects, losses by hand, regions, and a run that starts the second stage."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from skysense import TINY
from tiny_semantic import archive

from mmrs.apis.config import load_config
from mmrs.apis.train import train
from mmrs.datasets.transforms.views import region_of
from mmrs.errors import ConfigError
from mmrs.models import SkySenseContrast, SkySensePP
from mmrs.models.pretrain.geo_context import GeoContext
from mmrs.models.pretrain.granularity import alignment, match_views, objects_of
from mmrs.weights.load import load_pretrained

HEAD = dict(prototypes=12, hidden_features=16, bottleneck=8)
CONTEXT = dict(regions=4, prototypes=3, context_dims=8)


def ramp(box, size=8):
    """Coordinates in the place of a view's pixels: (1, 2, size, size)."""
    steps = (torch.arange(size) + 0.5) / size
    right = 1 - steps if box[4] else steps
    rows = (box[0] + steps * box[2])[:, None].expand(-1, size)
    return torch.stack([rows, (box[1] + right * box[3]).expand(size, -1)])[None]


@pytest.mark.parametrize('box', [(0, 0, 1, 1, 0), (0.25, 0.125, 0.5, 0.75, 0), (0.25, 0.125, 0.5, 0.75, 1)])
@pytest.mark.parametrize('onto', [(0, 0, 1, 1, 0), (0.3, 0.2, 0.5, 0.6, 1), (0.5, 0.5, 0.5, 0.5, 0)])
def test_places_are_matched(box, onto):
    found, inside = match_views(ramp(box), torch.tensor([box], dtype=torch.float), torch.tensor([onto]).float())
    expected = ramp(onto)
    low, high = torch.tensor(box[:2]), torch.tensor(box[:2]) + torch.tensor(box[2:4])
    seen = ((expected[0] >= low.view(2, 1, 1)) & (expected[0] <= high.view(2, 1, 1))).all(0)
    assert torch.equal(inside[0], seen)
    margin = torch.tensor(box[2:4]) / 16  # half a pixel at the border is repeated, not interpolated
    inner = (
        (expected[0] >= (low + margin).view(2, 1, 1)) & (expected[0] <= (high - margin).view(2, 1, 1))
    ).all(0)  # fmt: skip
    assert inner.any()
    torch.testing.assert_close(found[0][:, inner], expected[0][:, inner], atol=1e-5, rtol=0)


def test_objects_are_places_that_look_alike():
    teacher, student = torch.zeros(2, 4, 2, 6), torch.randn(2, 3, 2, 6)
    teacher[:, 0, :, :3] = teacher[:, 1, :, 3:] = 1
    inside = torch.ones(2, 2, 6, dtype=torch.bool)
    inside[1] = False
    inside[1, 0, 0] = True  # too little in common
    taught, learned = objects_of(teacher, student, inside, 2, temperature=0.01)
    assert taught.shape == (2, 4) and learned.shape == (2, 3)
    torch.testing.assert_close(learned[0], student[0, :, :, :3].mean((1, 2)))
    torch.testing.assert_close(learned[1], student[0, :, :, 3:].mean((1, 2)))


def test_alignment_by_hand():
    one, two = np.random.default_rng(0).normal(size=(2, 5, 3))
    units = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in (one, two)]
    cosines = units[0] @ units[1].T / 0.2
    rows = -np.log(np.exp(cosines).diagonal() / np.exp(cosines).sum(1)).mean()
    columns = -np.log(np.exp(cosines).diagonal() / np.exp(cosines).sum(0)).mean()
    found = alignment(torch.tensor(one), torch.tensor(two), 0.2)
    assert found.item() == pytest.approx((rows + columns) / 2, rel=1e-5)


def test_regions_have_context_of_their_own():
    torch.manual_seed(0)
    context = GeoContext(6, **CONTEXT)
    feature, regions = torch.randn(3, 6, 2, 2), torch.tensor([2, -1, 0])
    found = context(feature, regions)
    assert torch.equal(found[1], feature[1])
    tokens = context.query(feature[0].flatten(1).T)
    table = context.prototypes[2]
    shares = (tokens @ table.T / 8**0.5).softmax(-1)
    expected = feature[0].flatten(1) + context.answer(shares @ table).T
    torch.testing.assert_close(found[0].flatten(1), expected)
    before = context.prototypes.clone()
    context.update(feature, regions)
    moved = (context.prototypes != before).flatten(1).any(1)
    assert moved.tolist() == [True, False, True, False]
    torch.testing.assert_close(context.prototypes.norm(dim=-1), torch.ones(4, 3))
    with pytest.raises(ConfigError, match='region 4'):
        context(feature, torch.tensor([4, 0, 0]))


def test_where_regions_lie():
    assert region_of(None, 16) == -1
    assert region_of((-180, -90), 16) == 0 and region_of((179.9, 90), 16) == 15
    assert region_of((0.1, 0.1), 16) == 10 and region_of((0.1, -31), 16) == 2


def small(**options):
    return SkySenseContrast(
        TINY, HEAD, dict(method='centering'), CONTEXT, objects=2, **options
    ).eval()  # fmt: skip


def batch(frames=1):
    images = dict(
        hr=torch.randn(2, 2, 3, 128, 128), s2=torch.randn(2, 2, 10, frames, 4, 4), s1=torch.randn(2, 2, 2, frames, 4, 4)
    )
    return dict(images=images, boxes=torch.tensor([0.0, 0, 1, 1, 0]).repeat(2, 2, 1), regions=torch.tensor([1, -1]))


def entropy(taught, learned, warm, cold):
    shares = np.exp(taught / warm - (taught / warm).max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    logs = learned / cold - np.log(np.exp(learned / cold).sum(-1, keepdims=True))
    return -(shares * logs).sum(-1).mean()


@pytest.mark.parametrize('frames', [1, 3])
def test_losses_by_hand(frames):
    """Where both views see the same ground, pixels are matched one by one."""
    torch.manual_seed(0)
    model, inputs = small(weights=dict(pixel=0.5)), batch(frames)
    for parameter in model.student['heads'].parameters():
        torch.nn.init.normal_(parameter.data, std=0.3) if parameter.ndim > 1 else None
    losses = model(inputs, mode='loss')
    assert set(losses) == {'loss_pixel', 'loss_object', 'loss_image', 'loss_align', 'feature_std'}
    with torch.no_grad():
        learned = model._encode(model.student, inputs['images'], 2, inputs['regions'])
    taught = model(inputs)
    pixels, images = [], []
    for one, two in ((0, 1), (1, 0)):
        for source in model.sources:
            heads = model.teacher['heads'][source], model.student['heads'][source]
            maps = taught[one][source], learned[two][source]
            rows = [h(m.permute(0, 2, 3, 1)).detach().numpy() for h, m in zip(heads, maps, strict=True)]
            pixels.append(entropy(*rows, 0.07, 0.1))
            rows = [h(m.mean((2, 3))).detach().numpy() for h, m in zip(heads, maps, strict=True)]
            images.append(entropy(*rows, 0.07, 0.1))
    assert losses['loss_pixel'].item() == pytest.approx(0.5 * np.mean(pixels), rel=1e-4)
    assert losses['loss_image'].item() == pytest.approx(np.mean(images), rel=1e-4)
    assert losses['loss_object'].isfinite() and losses['loss_align'] > 0


def test_refusals():
    model, inputs = small(), batch()
    with pytest.raises(ConfigError, match='1 views'):
        model({**inputs, 'boxes': inputs['boxes'][:, :1]}, mode='loss')
    del inputs['images']['s1']
    with pytest.raises(ConfigError, match='2 or more'):
        model(inputs, mode='loss')


def test_a_run_starts_the_second_stage(tmp_path):
    root = archive(tmp_path / 'data')
    items = json.loads((root / 'potsdam_train.json').read_text())
    (root / 'train.json').write_text(json.dumps([{**item, 'location': [13.1, 52.4]} for item in items]))
    config = load_config(
        'quickstart/skysensepp-tiny_mgc_200_synthetic-mosaics-64', dict(data_root=str(root))
    )  # fmt: skip
    config.model.network = {key: TINY[key] for key in ('backbone_hr', 'backbone_s2', 'backbone_s1', 'fusion')}
    config.model.head.update(HEAD)
    loader = config.train_dataloader
    loader.update(batch_size=2, num_workers=0, persistent_workers=False)
    loader.dataset.pipeline[0].update(size=(4, 4), cells=4, dates=dict(s2=2, s1=1))
    loader.dataset.pipeline[1].modalities = ('hr', 's2', 's1')
    config.train_cfg.max_iters = config.default_hooks.checkpoint.interval = 3
    config.default_hooks.logger.interval = 1
    train(config, work_dir=tmp_path / 'run')
    state = torch.load(tmp_path / 'run' / 'iter_3.pth', weights_only=False)['state_dict']
    key = 'network.fusion.proj.weight'
    assert not torch.equal(state[f'student.{key}'], state[f'teacher.{key}'])
    assert torch.equal(state['student.context.prototypes'], state['teacher.context.prototypes'])
    second = SkySensePP(**TINY)
    report = load_pretrained(second, tmp_path / 'run' / 'iter_3.pth', prefix='student.network', min_coverage=0.5)
    new = {name.split('.')[0] for name in report.missing if 'annotation' not in name and 'unused' not in name}
    assert new == {'modality_vae', 'head_rec_hr'}
    assert torch.equal(second.fusion.proj.weight, state[f'student.{key}'])
