"""Published SkySense++ arrays as tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Reference:
    """One file of reference outputs: ``weights``, ``inputs``, ``outputs`` by their own names, and ``kwargs``."""

    def __init__(self, folder: Path, name: str) -> None:
        with np.load(folder / 'skysensepp' / f'{name}.npz') as file:
            self.kwargs: dict[str, Any] = json.loads(str(file['kwargs_json'])) if 'kwargs_json' in file else {}
            arrays = {key: file[key] for key in file.files if '/' in key}
        tensors = {key: torch.from_numpy(np.asarray(value)) for key, value in arrays.items()}
        self.weights, self.inputs, self.outputs = (
            {key[len(start) :]: value for key, value in tensors.items() if key.startswith(start)}
            for start in ('sd/', 'in/', 'out/')
        )


def assert_near(found: Tensor, expected: Tensor, tolerance: float = 1e-4) -> None:
    """The specification's tolerance for modules is 1e-4 absolute."""
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=0)
