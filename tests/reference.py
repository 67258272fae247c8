"""Reading of the reference arrays that published modules computed."""

import json
from types import SimpleNamespace

import numpy as np
import torch


def read(path):
    """Arrays of one file as tensors, by kind (``sd`` are weights), and its notes as ``meta``."""
    found = SimpleNamespace(sd={}, inputs={}, out={}, grad={}, other={}, meta={})
    with np.load(path) as file:
        for key in file.files:
            kind, _, name = key.partition('/')
            if file[key].dtype.kind == 'U':
                text = str(file[key])
                found.meta[key] = json.loads(text) if text.startswith('{') else text
            elif kind in ('sd', 'in', 'out', 'grad'):
                group = {'in': 'inputs'}.get(kind, kind)
                getattr(found, group)[name] = torch.from_numpy(file[key])
            else:
                found.other[key] = torch.from_numpy(file[key])
    return found


def randomise(module, std=0.2):
    """Random weights everywhere: the norms of a new SwinV2 are zero, which would hide every block."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * std)
    return module
