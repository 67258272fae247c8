"""Shared test set-up: where fixtures lie, determinism, and tiny rasters."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(os.environ.get('MMRS_SHARED', Path(__file__).parents[2] / 'shared'))


def _shared_folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f'{folder} is not there: reference {name} are not redistributed (set MMRS_SHARED to their folder)')
    return folder


@pytest.fixture(scope='session')
def fixtures_dir() -> Path:
    """Folder of reference outputs of the published modules."""
    return _shared_folder('fixtures')


@pytest.fixture(scope='session')
def data_dir() -> Path:
    """Folder of real sample imagery."""
    return _shared_folder('data')


@pytest.fixture(scope='session', autouse=True)
def _plain_configs() -> Iterator[None]:
    """mmengine lays out a run's config with yapf seven times, for three seconds; the text means the same without."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('yapf.yapflib.yapf_api.FormatCode', lambda text, **_: (text, True))
        yield


@pytest.fixture(scope='module', autouse=True)
def _scope_ends() -> Iterator[None]:
    """A runner leaves its default scope behind, in which tests of other modules would look for their parts."""
    yield
    if registry := sys.modules.get('mmengine.registry'):
        registry.DefaultScope._instance_dict.clear()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    import numpy
    import torch

    numpy.random.seed(0)
    torch.manual_seed(0)
