"""Published SkySense++ arrays as tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

# A model of tiles of 128 pixels beside 4 of Sentinel.
SENTINEL = {'size': {'embed_dims': 16, 'num_layers': 3, 'num_heads': 2, 'mlp_ratio': 2.0}, 'img_size': 8}
TINY = {
    'vocabulary_size': 6,
    'backbone_hr': {
        'arch': {'embed_dims': 8, 'depths': (2, 2, 3, 2), 'num_heads': (1, 2, 4, 8), 'extra_norm_every': 3},
        'window_size': 2,
        'attention_dims': (),
        'attention_heads': (),
    },
    'backbone_s2': {**SENTINEL, 'merge_stage': 2, 'out_indices': (0, 1, 2)},
    'backbone_s1': {**SENTINEL, 'merge_stage': 2, 'out_indices': (0, 1, 2)},
    'fusion': {'embed_dims': 16, 'num_layers': 2, 'num_heads': 2, 'mlp_ratio': 2.0},
    'completion': {'conv_dims': 8, 'code_dims': 8, 'num_codes': 16, 'exchange': 'sum'},
    'head': {'channels': 8},
}


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
