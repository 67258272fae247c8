"""Segmentation by example: what the model is asked, and how its answers are read."""

import numpy as np
import pytest
import torch
from skysense import TINY

from mmrs.apis.in_context import InContextSegmenter, Prompt
from mmrs.errors import ConfigError
from mmrs.models import SkySensePP


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return SkySensePP(**TINY).eval()


def scene(height, width):
    """Bright on the left, dark on the right; and its mask, classes 3 and 7."""
    mask = np.full((height, width), 7, np.uint8)
    mask[:, : width // 2] = 3
    image = np.repeat(np.where(mask == 3, 220, 30).astype(np.uint8)[..., None], 3, axis=2)
    return Prompt(image, mask)


class Oracle:
    """Answers like a perfect model: by the example whose pixels look like the query's."""

    def __init__(self, monkeypatch, segmenter, wrong=()):
        self.calls = []

        def forward(images, ids, masks):
            self.calls.append(len(ids))
            hr, side = images['hr'], ids.shape[1] // 2
            assert masks[0].tolist() == [[0], [1]] and not ids[:, side:].any()
            logits = torch.zeros(len(ids), 7, 2 * side, side)
            for index in range(len(ids)):
                for value in ids[index, :side].unique().tolist():
                    seen = hr[index, 0, :side][ids[index, :side] == value].mean()
                    logits[index, value] = 20 - 8 * (hr[index, 0] - seen).abs()
            if wrong:
                logits[:, list(wrong)] += 30
            return type('Output', (), dict(logits=logits))

        monkeypatch.setattr(segmenter.model, 'forward', forward)


def test_classes_of_the_example_in_the_size_of_the_image(model, monkeypatch):
    segmenter = InContextSegmenter(model, tile=64, batch_size=3)
    oracle = Oracle(monkeypatch, segmenter)
    queries = [scene(64, 64), scene(40, 100)]
    found = segmenter.predict([query.image[:, ::-1].copy() for query in queries], [scene(128, 128)] * 2)
    assert [image.shape for image in found] == [(64, 64), (40, 100)] and oracle.calls == [3, 1]
    for image, query in zip(found, queries, strict=True):
        assert (image == query.mask[:, ::-1]).mean() > 0.95 and image.dtype == np.uint8


def test_background_only_where_an_example_shows_it(model, monkeypatch):
    segmenter = InContextSegmenter(model, tile=64)
    Oracle(monkeypatch, segmenter)
    prompt = scene(64, 64)
    part = Prompt(prompt.image, np.where(prompt.mask == 3, np.uint8(255), prompt.mask))
    (found,) = segmenter.predict([prompt.image], [part])
    assert (found == part.mask).mean() > 0.95 and set(np.unique(found)) == {7, 255}


def test_examples_that_each_show_one_class(model, monkeypatch):
    """Class 7 is shown by one example of three, and wins where it belongs all the same."""
    segmenter = InContextSegmenter(model, tile=64)
    Oracle(monkeypatch, segmenter)
    prompt = scene(64, 64)
    only = {
        index: Prompt(prompt.image, np.where(prompt.mask == index, prompt.mask, 255).astype(np.uint8))
        for index in (3, 7)
    }
    prompts = [only[3], only[3], only[7]]
    monkeypatch.setattr(segmenter, 'ask', lambda pairs: torch.stack([seen(ids) for *_, ids in pairs]))

    def seen(ids):
        shares = torch.zeros(7, 64, 64)
        shares[ids.max()] = torch.where(ids > 0, 0.8, 0.1)
        shares[0] = 1 - shares[ids.max()]
        return shares

    (found,) = segmenter.predict([prompt.image], prompts)
    assert (found == prompt.mask).all()


def test_ids_that_mean_nothing(model, monkeypatch):
    segmenter = InContextSegmenter(model, tile=64)
    Oracle(monkeypatch, segmenter, wrong=[5])
    prompt = scene(64, 64)
    assert set(np.unique(segmenter.predict([prompt.image], [prompt])[0])) == {3, 7}
    assert set(np.unique(segmenter.predict([prompt.image], [prompt], closed=False)[0])) == {255}


def test_with_the_model_itself(model):
    segmenter = InContextSegmenter(model, tile=128)
    prompt = scene(128, 128)
    (found,) = segmenter.predict([prompt.image], [prompt, scene(60, 60)])
    assert found.shape == (128, 128) and set(np.unique(found)) <= {3, 7}


def test_refusals(model):
    segmenter, prompt = InContextSegmenter(model, tile=64), scene(8, 8)
    with pytest.raises(ConfigError, match='one or more examples'):
        segmenter.predict([prompt.image], [])
    with pytest.raises(ConfigError, match='0 classes'):
        segmenter.predict([prompt.image], [Prompt(prompt.image, np.full((8, 8), 255, np.uint8))])
    with pytest.raises(ConfigError, match='7 classes; expected 1 to 6'):
        segmenter.predict([prompt.image], [Prompt(prompt.image, np.arange(64, dtype=np.uint8).reshape(8, 8) % 7)])
    with pytest.raises(ConfigError, match='grid of the image'):
        segmenter.predict([prompt.image], [Prompt(prompt.image, prompt.mask[1:])])
    with pytest.raises(ConfigError, match=r'images\[0\]'):
        segmenter.predict([prompt.image[..., :2]], [prompt])
    with pytest.raises(ConfigError, match='no vocabulary'):
        InContextSegmenter(SkySensePP(**{**TINY, 'vocabulary_size': None}))
