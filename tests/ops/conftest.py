"""Reference arrays of mmcv's operators."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import torch


@pytest.fixture
def reference(fixtures_dir: Path) -> Callable[[str], dict[str, torch.Tensor]]:
    """Loads the arrays of one file of ``fixtures/mmcv_ops`` (its index.json says which are compiled outputs)."""

    def load(name: str) -> dict[str, torch.Tensor]:
        with numpy.load(fixtures_dir / 'mmcv_ops' / f'{name}.npz') as arrays:
            return {key: torch.from_numpy(arrays[key]) for key in arrays.files}

    return load
