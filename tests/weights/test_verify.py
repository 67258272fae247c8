from __future__ import annotations

import pytest
import torch

from mmrs.errors import WeightsError
from mmrs.weights.catalogue import get
from mmrs.weights.convert import from_mmrs
from mmrs.weights.verify import model_state, verify


def light_file(path, name: str, **changes):
    """A file with the names and shapes of a catalogue entry that stores one number a tensor."""
    entry = get(name)
    state = {key: torch.zeros(()).expand(value.shape) for key, value in model_state(entry).items()}
    state = {key: value for key, value in {**state, **changes}.items() if value is not None}
    torch.save({'state_dict': from_mmrs(state, entry.key_format)}, path)
    return path


def test_a_file_by_its_catalogue_name(weights_folder):
    weights_folder.mkdir()
    light_file(weights_folder / 'cgeartheye-giant-518.pth', 'cgeartheye-giant-518')
    first = verify('cgeartheye-giant-518')
    assert first.problems == ()
    assert first.report.coverage == 1.0
    assert first.checksum_note == 'none is published; recorded beside the file for the next time'
    again = verify('cgeartheye-giant-518')
    assert (again.recorded, again.checksum_note) == (first.sha256, 'none is published; as recorded here before')


def test_an_unnamed_file_is_told_by_its_fit(tmp_path):
    outcome = verify(str(light_file(tmp_path / 'a.pth', 'cgeartheye-huge-518')))
    assert outcome.fits == ('cgeartheye-huge-518',)
    assert outcome.entry.name == 'cgeartheye-huge-518'
    assert outcome.problems == ()


def test_wrong_checksum(tmp_path):
    outcome = verify(str(light_file(tmp_path / 'a.pth', 'dinov2-small')), 'dinov2-small')
    assert outcome.report.coverage == 1.0
    assert outcome.checksum_note == 'NOT as in the catalogue'
    assert 'sha256 is not that of dinov2-small' in outcome.problems[0]


def test_another_size_and_another_grid(tmp_path):
    path = str(light_file(tmp_path / 'a.pth', 'cgeartheye-giant-224'))
    assert 'fills 99.8% of cgeartheye-giant-518' in verify(path, 'cgeartheye-giant-518').problems[0]
    assert 'of cgeartheye-base-518' in verify(path, 'cgeartheye-base-518').problems[0]
    assert verify(path).entry.name == 'cgeartheye-giant-224'


def test_a_missing_tensor(tmp_path):
    path = light_file(tmp_path / 'a.pth', 'cgeartheye-small-518', **{'norm.bias': None})
    assert verify(str(path), 'cgeartheye-small-518').report.missing == ('norm.bias',)
    assert verify(str(path)).problems == ('fits no model of the catalogue',)


def test_what_cannot_be_checked(tmp_path, weights_folder):
    with pytest.raises(WeightsError, match=r'pan\.baidu\.com'):
        verify('cgeartheye-small-518')
    with pytest.raises(WeightsError, match='mmrs weights download dinov2-small'):
        verify('dinov2-small')
    with pytest.raises(WeightsError, match='no such file'):
        verify(str(tmp_path / 'absent.pth'))
    (tmp_path / 'empty.pth').touch()
    with pytest.raises(WeightsError, match='an empty file'):
        verify(str(tmp_path / 'empty.pth'))
