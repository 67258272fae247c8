"""What SkySense++'s second stage makes of a batch of samples."""

import pytest
import torch
from skysense import TINY

from mmrs.errors import ConfigError
from mmrs.models import SkySensePretrain
from mmrs.models.pretrain.skysense_losses import reconstruction_loss
from mmrs.models.pretrain.vocabulary import MEAN, STD, colours_to_ids


def batch(frames=1):
    torch.manual_seed(1)
    return dict(
        images=dict(
            hr=torch.randn(2, 3, 256, 128), s2=torch.randn(2, 10, frames, 8, 4), s1=torch.randn(2, 2, frames, 8, 4)
        ),
        present=torch.tensor([[True, True, False], [True, True, False]]),
        annotations=torch.randint(0, 7, (2, 256, 128)),
        masks=torch.tensor([[[0], [1]]] * 2),
    )


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return SkySensePretrain(TINY).eval()


@pytest.mark.parametrize('frames', [1, 3])
def test_losses_are_those_of_the_model(model, frames):
    inputs = batch(frames)
    losses = model(inputs, mode='loss')
    images = {name: inputs['images'][name] for name in ('hr', 's2')}
    output = model.model(images, inputs['annotations'], inputs['masks'], inputs['present'])
    expected = model.model.loss(output, inputs['annotations'])
    assert {name: losses[name].item() for name in expected} == pytest.approx(
        {name: value.item() for name, value in expected.items()}
    )
    hidden = torch.zeros(2, 256, 128, dtype=torch.bool)
    hidden[:, 128:] = inputs['annotations'][:, 128:] > 0
    right = (output.logits.argmax(1) == inputs['annotations'])[hidden].float().mean()
    assert losses['accuracy'].item() == pytest.approx(right.item())


def test_a_series_that_no_sample_has_is_not_encoded(model):
    calls = []
    handles = [model.model.get_submodule(f'backbone_{n}').register_forward_hook(
        lambda *_, n=n: calls.append(n)) for n in ('s2', 's1')]  # fmt: skip
    model(batch(), mode='loss')
    inputs = batch()
    inputs['present'][0, 2] = True
    model(inputs, mode='loss')
    for handle in handles:
        handle.remove()
    assert calls == ['s2', 's2', 's1']


def test_losses_of_hidden_pixels_alone(model):
    inputs = batch()
    answer = model(inputs)
    model.loss_on = 'hidden'
    found = model(inputs, mode='loss')['loss_rec']
    model.loss_on = 'all'
    expected = reconstruction_loss(answer.logits[:, :, 128:], inputs['annotations'][:, 128:])
    assert found.item() == pytest.approx(expected.item(), abs=1e-5)


def test_coloured_targets_get_ids_of_their_own(model):
    inputs = batch()
    colours = torch.tensor([[0, 0, 0], [200, 10, 3], [9, 255, 0]])
    picked = torch.randint(0, 3, (2, 256, 128))
    mean, std = (torch.tensor(x).view(1, 3, 1, 1) for x in (MEAN, STD))
    targets = (colours[picked].permute(0, 3, 1, 2) / 255 - mean) / std
    del inputs['annotations']
    answers = model({**inputs, 'targets': targets}, mode='predict')
    expected, _ = colours_to_ids(targets, 6)
    assert torch.equal(torch.stack([answer['annotation'] for answer in answers]), expected)
    assert answers[0]['hidden'][:128].sum() == 0 and answers[0]['hidden'][128:].all()
    model.train()
    drawn = {tuple(model._annotations(dict(targets=targets)).unique().tolist()) for _ in range(8)}
    model.eval()
    assert len(drawn) > 1 and all(0 in ids and len(ids) == 3 for ids in drawn)


def test_refusals(model):
    with pytest.raises(ConfigError, match='annotations or targets'):
        model(dict(images=batch()['images']), mode='loss')
    with pytest.raises(ConfigError, match="'all' or 'hidden'"):
        SkySensePretrain(TINY, loss_on='some')
    with pytest.raises(ConfigError, match='no vocabulary'):
        SkySensePretrain({**TINY, 'vocabulary_size': None})
