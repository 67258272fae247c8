from __future__ import annotations

import pytest
import torch

from mmrs.errors import WeightsError
from mmrs.weights.catalogue import CATALOGUE, ENTRIES, get
from mmrs.weights.convert import KeyFormat


def test_names_are_unique_and_every_record_is_complete():
    assert len(CATALOGUE) == len(ENTRIES)
    for entry in ENTRIES:
        assert len(entry.bands) == len(entry.mean) == len(entry.std)
        assert entry.licence and entry.source and entry.sensor
        assert 0 < entry.min_coverage <= 1
        assert (entry.url is None) != (entry.share_page is None)
        assert entry.sha256 is None or len(entry.sha256) == 64
        assert entry.key_format is not KeyFormat.UNKNOWN


def test_no_openmmlab_address():
    for entry in ENTRIES:
        assert 'openmmlab' not in f'{entry.url}{entry.share_page}'


@pytest.mark.parametrize('entry', ENTRIES, ids=lambda entry: entry.name)
def test_the_model_has_the_published_number_of_parameters(entry):
    from mmrs.registry import MODELS

    with torch.device('meta'):
        model = MODELS.build(dict(entry.model))
    assert sum(parameter.numel() for parameter in model.parameters()) == entry.parameters


def test_an_unknown_name_is_told_with_the_closest():
    with pytest.raises(WeightsError, match='cgeartheye-giant-518'):
        get('cgeartheye-gigant-518')
