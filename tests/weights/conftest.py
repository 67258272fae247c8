"""A tiny backbone, weights for it, and a private weights folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from weights.tiny_vit import tiny_backbone


@pytest.fixture
def backbone() -> torch.nn.Module:
    return tiny_backbone()


@pytest.fixture
def state(backbone: torch.nn.Module) -> dict[str, Tensor]:
    """Random weights that are not those of ``backbone``."""
    return {name: torch.randn_like(value) for name, value in backbone.state_dict().items()}


@pytest.fixture(autouse=True)
def weights_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """For every test: none may touch the user's own."""
    folder = tmp_path / 'weights'
    monkeypatch.setenv('MMRS_WEIGHTS', str(folder))
    return folder
