"""mmengine's checkpoint readers never run code, and what does not fit is an error."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.runner import CheckpointLoader, load_checkpoint

import mmrs.engine  # noqa: F401  (installs the readers)
from mmrs.engine import CheckpointMatchHook
from mmrs.errors import WeightsError


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.path,)


def test_pickle_with_code_is_refused(tmp_path: Path) -> None:
    file = tmp_path / 'evil.pth'
    torch.save({'state_dict': {}, 'extra': Payload(str(tmp_path / 'ran'))}, file)
    with pytest.raises(WeightsError, match='evil.pth'):
        load_checkpoint(torch.nn.Linear(1, 1), str(file))
    assert not (tmp_path / 'ran').exists()


def test_config_text_in_a_checkpoint_is_not_executed_on_resume(tmp_path: Path) -> None:
    """`Runner.resume` would run `meta['config']` as a Python file."""
    file = tmp_path / 'old.pth'
    torch.save({'state_dict': {}, 'meta': {'config': 'import os', 'iter': 3}}, file)
    assert CheckpointLoader.load_checkpoint(str(file))['meta'] == {'iter': 3}


@pytest.mark.parametrize('address', ['open-mmlab://resnet50', 's3://bucket/file.pth', 'openmmlab://vgg', 'pavi://x'])
def test_other_schemes_are_refused(address: str) -> None:
    with pytest.raises(WeightsError, match='https'):
        CheckpointLoader.load_checkpoint(address)


def test_downloads_are_read_safely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    source = tmp_path / 'file.pth'
    torch.save({'state_dict': {'weight': torch.ones(2)}}, source)
    with pytest.raises(WeightsError, match='Download it'):
        CheckpointLoader.load_checkpoint('http://127.0.0.1:9/missing.pth')
    (tmp_path / 'hub' / 'checkpoints' / 'cached.pth').write_bytes(source.read_bytes())
    cached = CheckpointLoader.load_checkpoint('https://example.invalid/cached.pth')
    assert cached['state_dict']['weight'].tolist() == [1, 1]


def match(model: torch.nn.Module, state: dict, strict: bool) -> None:
    runner = SimpleNamespace(model=model, _load_from='file.pth')
    CheckpointMatchHook(strict).after_load_checkpoint(runner, {'state_dict': state})


def test_match_strict() -> None:
    model = torch.nn.Linear(2, 1)
    match(model, model.state_dict(), strict=True)
    match(model, {f'module.{key}': value for key, value in model.state_dict().items()}, strict=True)
    with pytest.raises(WeightsError, match=r'1 missing: bias; 1 unexpected: other; 1 other shape: weight \(3,\) for'):
        match(model, {'weight': torch.ones(3), 'other': torch.ones(1)}, strict=True)


def test_match_for_fine_tuning() -> None:
    model = torch.nn.Linear(2, 1)
    match(model, {'weight': torch.ones(1, 2)}, strict=False)
    with pytest.raises(WeightsError, match='0 of 2 tensors of Linear'):
        match(model, {'other': torch.ones(1)}, strict=False)
